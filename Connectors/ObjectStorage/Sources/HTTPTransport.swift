import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One small request and its whole answer; lets tests answer for S3.
protocol HTTPTransport: Sendable {
    /// Throws what the network throws, `CancellationError` included.
    func send(_ request: TransportRequest) async throws -> TransportReply
}

struct TransportRequest: Sendable {
    var method: String
    var url: String
    var headers: [(name: String, value: String)]
    var body: [UInt8] = []
}

struct TransportReply: Sendable {
    var status: Int
    /// Names in lower case.
    var headers: [String: String] = [:]
    var body: [UInt8] = []
}

/// The process's HTTP client for buckets: never follows redirects by itself, since a signature is for one host.
struct NetworkTransport: HTTPTransport {
    /// Lives as long as the process, like `HTTPClient.shared`, which follows redirects.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(10)
        configuration.timeout.read = .seconds(60)
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    /// For the whole exchange.
    static let timeout = TimeAmount.seconds(120)
    /// A page of 1000 keys of 1024 bytes, each byte escaped, stays far below this.
    static let maximumBody = 16 << 20

    func send(_ request: TransportRequest) async throws -> TransportReply {
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
