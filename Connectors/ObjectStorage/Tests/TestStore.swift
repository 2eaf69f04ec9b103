import CloudSigning
import FoundationEssentials
import ObjectStorageConnector
import Testing

/// An S3 emulator (moto) that tests fill through the same signer and transport as the connector.
struct TestStore: Sendable {
    struct Refused: Error, CustomStringConvertible {
        var description: String
    }

    var base: String
    var credentials = AWSCredentials(accessKeyID: "test", secretKey: "test")

    /// Without SigV4 checks.
    static let open = TestStore(base: address("PENSTOCK_TEST_S3", "http://127.0.0.1:25000"))
    /// Its checks are switched on by ``withEnforcedSignatures(_:)``; nothing else may use it meanwhile.
    static let guarded = TestStore(base: address("PENSTOCK_TEST_S3_AUTH", "http://127.0.0.1:30800"))

    private static func address(_ name: String, _ fallback: String) -> String { ProcessInfo.processInfo.environment[name] ?? fallback }

    var host: String { String(base.drop { $0 != "/" }.drop { $0 == "/" }) }

    /// Whether its suite runs: always where integration tests are required.
    func isWanted() async -> Bool {
        if ProcessInfo.processInfo.environment["PENSTOCK_REQUIRE_IT"] == "1" { return true }
        return (try? await NetworkTransport().send(TransportRequest(method: "GET", url: "\(base)/moto-api/data.json", headers: []))) != nil
    }

    @discardableResult
    func send(_ method: String, _ path: String, service: String = "s3", body: [UInt8] = [], type: String? = nil) async throws
        -> TransportReply
    {
        let headers = type.map { [AWSRequest.Item("content-type", $0)] } ?? []
        let request = AWSRequest(method: method, host: host, path: path, headers: headers, payload: .bytes(body))
        let signer = AWSSigner(credentials: credentials, region: "us-east-1", service: service)
        let signed = signer.headers(for: request, at: AWSTimestamp(secondsSince1970: Date().timeIntervalSince1970))
        let reply = try await NetworkTransport().send(
            TransportRequest(
                method: method, url: base + request.target, headers: (headers + signed).map { ($0.name, $0.value) }, body: body))
        guard reply.status < 300 else {
            throw Refused(description: "\(method) \(path): \(reply.status) \(String(decoding: reply.body, as: UTF8.self))")
        }
        return reply
    }

    /// A fresh bucket with these objects.
    func bucket(_ keys: [String], body: String = "{\"x\":1}\n") async throws -> String {
        let bucket = "it-\(UUID().uuidString.lowercased())"
        try await send("PUT", "/\(bucket)")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, key) in keys.enumerated() {
                if index >= 8 { try await group.next() }
                group.addTask { try await put(key, in: bucket, body: body) }
            }
            try await group.waitForAll()
        }
        return bucket
    }

    func put(_ key: String, in bucket: String, body: String = "{\"x\":1}\n") async throws {
        try await send("PUT", "/\(bucket)/\(key)", body: Array(body.utf8))
    }

    /// A call of IAM's query API.
    @discardableResult
    func iam(_ action: String, _ parameters: [String: String]) async throws -> XMLElement {
        let form = parameters.merging(["Action": action, "Version": "2010-05-08"]) { own, _ in own }
        let body = form.map { "\($0.key)=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
        let reply = try await send(
            "POST", "/", service: "iam", body: Array(body.utf8), type: "application/x-www-form-urlencoded; charset=utf-8")
        return try XMLElement(parsing: reply.body)
    }

    /// How many more requests pass without a check of their signature.
    func checkSignatures(after requests: Int) async throws {
        let reply = try await NetworkTransport().send(
            TransportRequest(
                method: "POST", url: "\(base)/moto-api/reset-auth", headers: [("content-type", "text/plain")],
                body: Array("\(requests)".utf8)))
        guard reply.status == 200 else { throw Refused(description: "reset-auth: \(reply.status)") }
    }
}
