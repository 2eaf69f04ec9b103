internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Fetches key sets: bounded in time and size, without redirects, and from no address that Penstock's own network hides.
struct KeySetClient: Sendable {
    /// Whether loopback, private and link-local addresses are fetched from too.
    var allowsPrivateAddresses: Bool
    /// PEM file of the authorities to trust; nil: the system's.
    var caFile: String?

    /// For resolving the name, and again for the request.
    static let patience: TimeAmount = .seconds(5)
    static let maximumBytes = 256 * 1024

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Does not end earlier when the caller's task is cancelled: other calls wait for the same answer.
    func fetch(_ address: KeySetAddress) async throws -> [UInt8] {
        let host = try await resolve(address)
        guard host.isPublic || allowsPrivateAddresses else {
            throw Failure(
                description: "\(host.text) is not a public address; "
                    + "queryEndpoints.allowPrivateKeySets: true in the configuration allows it")
        }
        guard address.isSecure || host.isLoopback else {
            throw Failure(description: "http:// is for the loopback address alone, and \(address.host) is \(host.text)")
        }
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        if let caFile {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(caFile)
            configuration.tlsConfiguration = tls
        }
        configuration.timeout = .init(connect: Self.patience, read: Self.patience)
        // The address that was checked is the one connected to, whatever the name means a moment later.
        if HostAddress(address.host) == nil { configuration.dnsOverride = [address.host: host.text] }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let answer: Result<HTTPClient.Response, any Error>
        do { answer = .success(try await Self.get(address, client)) } catch { answer = .failure(error) }
        try await client.shutdown()
        let response = try answer.get()
        guard response.status == .ok else { throw Failure(description: "it answered \(response.status.code)") }
        guard let body = response.body else { throw Failure(description: "it answered nothing") }
        return Array(body.readableBytesView)
    }

    private static func get(_ address: KeySetAddress, _ client: HTTPClient) async throws -> HTTPClient.Response {
        let request = try HTTPClient.Request(url: address.url, headers: ["Accept": "application/json", "User-Agent": "penstock"])
        return try await client.execute(
            request: request, delegate: ResponseAccumulator(request: request, maxBodySize: maximumBytes), deadline: .now() + patience
        ).get()
    }

    private func resolve(_ address: KeySetAddress) async throws -> HostAddress {
        if let literal = HostAddress(address.host) { return literal }
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: SocketAddress.self)
        let alarm = loop.scheduleTask(in: Self.patience) {
            promise.fail(Failure(description: "the name \(address.host) was not resolved in time"))
        }
        NIOThreadPool.singleton.runIfActive(eventLoop: loop) {
            try SocketAddress.makeAddressResolvingHost(address.host, port: address.port)
        }.cascade(to: promise)
        defer { alarm.cancel() }
        guard let text = try await promise.futureResult.get().ipAddress, let host = HostAddress(text) else {
            throw Failure(description: "\(address.host) has no IP address")
        }
        return host
    }
}
