internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
package import PipeCore

/// One request to a registry and its whole answer; lets tests answer for it.
package protocol RegistryTransport: Sendable {
    func send(_ request: RegistryRequest) async throws -> RegistryReply
}

package struct RegistryRequest: Sendable {
    package var method: String
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
}

package struct RegistryReply: Sendable {
    package var status: Int
    package var body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// Asks over HTTP. Requests are rare, for each schema one, so connections are not kept.
package struct NetworkRegistryTransport: RegistryTransport {
    /// Authorities to trust instead of the system's; nil for those.
    private let authorities: [NIOSSLCertificate]?

    /// A schema with all its documentation stays far below this.
    static let maximumBody = 16 << 20
    static let timeout = TimeAmount.seconds(20)

    /// - Parameter caCertificate: PEM. Throws ``PipeError`` where it is none.
    package init(caCertificate: String?) throws(PipeError) {
        guard let caCertificate else {
            authorities = nil
            return
        }
        do {
            authorities = try NIOSSLCertificate.fromPEMBytes(Array(caCertificate.utf8))
        } catch {
            throw PipeError(
                .sourceDenied, .user, side: .source, "schemaRegistry.caCertificate is not a PEM certificate", underlying: error)
        }
    }

    package func send(_ request: RegistryRequest) async throws -> RegistryReply {
        var configuration = HTTPClient.Configuration()
        if let authorities {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .certificates(authorities)
            configuration.tlsConfiguration = tls
        }
        // Credentials are for one host.
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(10)
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            var outgoing = HTTPClientRequest(url: request.url)
            outgoing.method = HTTPMethod(rawValue: request.method)
            for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
            if !request.body.isEmpty { outgoing.body = .bytes(request.body) }
            let response = try await client.execute(outgoing, timeout: Self.timeout)
            let body = try await response.body.collect(upTo: Self.maximumBody)
            try await client.shutdown()
            return RegistryReply(status: Int(response.status.code), body: Array(body.readableBytesView))
        } catch {
            try? await client.shutdown()
            throw error
        }
    }
}
