import AsyncHTTPClient
package import NIOCore
import NIOHTTP1

/// One small request and its whole answer; lets tests answer for S3.
package protocol HTTPTransport: Sendable {
    /// Throws what the network throws, `CancellationError` included.
    func send(_ request: TransportRequest) async throws -> TransportReply
}

package struct TransportRequest: Sendable {
    package var method: String
    package var url: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]

    package init(method: String, url: String, headers: [(name: String, value: String)], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

package struct TransportReply: Sendable {
    package var status: Int
    /// Names in lower case.
    package var headers: [String: String]
    package var body: [UInt8]

    package init(status: Int, headers: [String: String] = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// The process's HTTP client for buckets: never follows redirects by itself, since a signature is for one host.
package struct NetworkTransport: HTTPTransport {
    package init() {}

    /// Lives as long as the process, like `HTTPClient.shared`, which follows redirects.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(10)
        configuration.timeout.read = .seconds(60)
        // A refused connection is told at once; the pipe has its own back-off.
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// For the whole exchange.
    package static let timeout = TimeAmount.seconds(120)
    /// A page of 1000 keys of 1024 bytes, each byte escaped, stays far below this.
    package static let maximumBody = 16 << 20

    package func send(_ request: TransportRequest) async throws -> TransportReply {
        var outgoing = HTTPClientRequest(url: request.url)
        outgoing.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { outgoing.headers.add(name: header.name, value: header.value) }
        if !request.body.isEmpty { outgoing.body = .bytes(request.body) }
        let response = try await Self.client.execute(outgoing, timeout: Self.timeout)
        var headers: [String: String] = [:]
        for header in response.headers { headers[header.name.lowercased()] = header.value }
        var body = try await response.body.collect(upTo: Self.maximumBody)
        return TransportReply(
            status: Int(response.status.code), headers: headers, body: body.readBytes(length: body.readableBytes) ?? [])
    }
}
