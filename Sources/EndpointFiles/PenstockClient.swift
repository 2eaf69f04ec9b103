internal import AsyncHTTPClient
internal import FoundationEssentials
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
package import PipeCore

/// Where a Penstock runs and how to enter it.
package struct PenstockAddress: Sendable, Confidential {
    /// Without `/v1`, which may be given.
    package var baseURL: String
    package var keyID: String
    package var keySecret: String
    /// PEM file of the authorities to trust; nil: the system's.
    package var caFile: String?

    package init(baseURL: String, keyID: String, keySecret: String, caFile: String? = nil) {
        let bare = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
        self.baseURL = bare.hasSuffix("/v1") ? String(bare.dropLast(3)) : bare
        self.keyID = keyID
        self.keySecret = keySecret
        self.caFile = caFile
    }
}

/// A running Penstock by its public API.
package struct PenstockClient: Sendable {
    private let address: PenstockAddress
    private let http: HTTPClient

    private static let patience: TimeAmount = .seconds(120)
    private static let mostBytes = 64 << 20

    /// The client works inside `body` only.
    package static func with<Result>(_ address: PenstockAddress, _ body: (PenstockClient) async throws -> Result) async throws -> Result {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        if let caFile = address.caFile {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.trustRoots = .file(caFile)
            configuration.tlsConfiguration = tls
        }
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(PenstockClient(address: address, http: http))) } catch { result = .failure(error) }
        try await http.shutdown()
        return try result.get()
    }

    /// - Parameters:
    ///   - organization: its id; nil for the only one.
    ///   - service: its name or id; nil for the only one.
    package func endpointService(organization: String?, service: String?) async throws -> ServiceEndpoints {
        let organizations = try await get("/v1/organizations")["result"]?.array ?? []
        let organizationID = try Self.choose("organization", organization, from: organizations)
        let path = "/v1/organizations/\(organizationID)"
        let serviceID = try Self.choose("service", service, from: try await get("\(path)/services")["result"]?.array ?? [])
        return ServiceEndpoints(client: self, organization: path, service: "\(path)/services/\(serviceID)")
    }

    private static func choose(_ kind: String, _ wanted: String?, from all: [JSONValue]) throws -> String {
        let fitting = wanted.map { wanted in all.filter { $0["id"]?.string == wanted || $0["name"]?.string == wanted } } ?? all
        guard fitting.count == 1, let id = fitting.first?["id"]?.string else {
            let names = all.compactMap { $0["name"]?.string }.joined(separator: ", ")
            throw EndpointServiceFailure(
                wanted.map { "there is no \(kind) '\($0)'; there is: \(names)" }
                    ?? "there are several \(kind)s, choose one with --\(kind): \(names)")
        }
        return id
    }

    func get(_ path: String) async throws -> JSONValue { try await send(.GET, path) }

    /// The envelope of the answer.
    func send(_ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        var request = HTTPClientRequest(url: address.baseURL + path)
        request.method = method
        request.setBasicAuth(username: address.keyID, password: address.keySecret)
        request.headers.replaceOrAdd(name: "User-Agent", value: "penstock")
        if let body {
            request.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(bytes: try JSONText.encode(body)))
        }
        let status: HTTPResponseStatus
        let bytes: ByteBuffer
        do {
            let response = try await http.execute(request, timeout: Self.patience)
            status = response.status
            bytes = try await response.body.collect(upTo: Self.mostBytes)
        } catch {
            throw EndpointServiceFailure("\(address.baseURL) does not answer: \(error)")
        }
        guard let envelope = try? JSONText.decode(JSONValue.self, from: bytes.readableBytesView), envelope.object != nil else {
            throw EndpointServiceFailure("\(address.baseURL) answered \(status.code) without JSON; is it a Penstock?")
        }
        guard (200..<300).contains(status.code) else {
            throw EndpointServiceFailure(envelope["error"]?.string ?? "\(address.baseURL) answered \(status.code)")
        }
        return envelope
    }
}

/// The endpoints of one service of a running Penstock.
package struct ServiceEndpoints: EndpointService {
    let client: PenstockClient
    let organization: String
    let service: String

    private var path: String { "\(service)/query-api-endpoints" }

    package func keys() async throws -> [String: String] {
        var names: [String: String] = [:]
        for key in try await client.get("\(organization)/keys")["result"]?.array ?? [] {
            if let id = key["id"]?.string { names[id] = key["name"]?.string ?? "" }
        }
        return names
    }

    package func endpoints() async throws -> [JSONValue] {
        var all: [JSONValue] = []
        var cursor: String?
        repeat {
            let after = cursor.map { "&cursor=\(Self.escaped($0))" } ?? ""
            let page = try await client.get("\(path)?limit=100\(after)")
            all += page["result"]?.array ?? []
            cursor = page["nextCursor"]?.string
        } while cursor != nil
        return all
    }

    package func endpoint(_ id: String) async throws -> JSONValue { try result(await client.get("\(path)/\(id)")) }
    package func create(_ body: JSONValue) async throws -> JSONValue { try result(await client.send(.POST, path, body)) }
    package func replace(_ id: String, with body: JSONValue) async throws -> JSONValue {
        try result(await client.send(.PUT, "\(path)/\(id)", body))
    }
    package func delete(_ id: String) async throws { _ = try await client.send(.DELETE, "\(path)/\(id)") }

    private func result(_ envelope: JSONValue) throws -> JSONValue {
        guard let result = envelope["result"] else { throw EndpointServiceFailure("the answer has no result") }
        return result
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            let digits = String(byte, radix: 16, uppercase: true)
            return isPlain ? String(UnicodeScalar(byte)) : "%\(digits.count == 1 ? "0" : "")\(digits)"
        }.joined()
    }
}
