import AsyncHTTPClient
import FoundationEssentials
import KafkaConnector
import NIOCore
import NIOHTTP1
import PipeCore
import Synchronization
import Testing

/// Answers for a registry, and keeps what it was asked.
final class ScriptedRegistry: RegistryTransport {
    private let replies: [String: RegistryReply]
    private let requests = Mutex<[RegistryRequest]>([])
    private let failure: (any Error)?

    init(_ replies: [String: (Int, String)] = [:], failure: (any Error)? = nil) {
        self.replies = replies.mapValues { RegistryReply(status: $0.0, body: Array($0.1.utf8)) }
        self.failure = failure
    }

    var asked: [RegistryRequest] { requests.withLock { $0 } }

    func send(_ request: RegistryRequest) async throws -> RegistryReply {
        requests.withLock { $0.append(request) }
        if let failure { throw failure }
        return replies[request.url] ?? RegistryReply(status: 404, body: Array(#"{"error_code":40403,"message":"Schema 9 not found"}"#.utf8))
    }
}

@Suite struct ConfluentRegistryTests {
    private func configuration(_ url: String, user: String? = nil, password: String? = nil) throws -> KafkaConfiguration.SchemaRegistry {
        var document: JSONValue = ["url": .string(url)]
        if let user { document["credentials"] = ["username": .string(user), "password": .string(password ?? "")] }
        return try document.decode()
    }

    private func fault(_ registry: ConfluentRegistry, _ reference: SchemaReference = .id(9)) async -> RegistryFault? {
        do throws(RegistryFault) {
            _ = try await registry.schema(reference)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("https://r.example/schemas/ids/9", "https://r.example/schemas/ids/9"),
            ("https://r.example/base/schemas/ids/9/", "https://r.example/base/schemas/ids/9"),
            ("https://r.example/subjects/a%2Fb", "https://r.example/subjects/a%2Fb/versions/latest"),
            ("https://r.example:8081/subjects/s/versions/3", "https://r.example:8081/subjects/s/versions/3"),
            ("http://localhost:8081/subjects/s/versions/latest", "http://localhost:8081/subjects/s/versions/latest"),
        ])
    func theURLPinsASchema(url: String, asked: String) async throws {
        let transport = ScriptedRegistry([asked: (200, #"{"schema":"\"string\""}"#)])
        let registry = try ConfluentRegistry(configuration(url, user: "u", password: "p"), transport: transport)
        #expect(registry.hasPin)
        let schema = try await registry.schema(.configured)
        #expect(schema == RegisteredSchema(kind: .avro, text: "\"string\""))
        #expect(transport.asked.map(\.url) == [asked])
        #expect(transport.asked[0].headers.contains { $0.name == "authorization" && $0.value == "Basic dTpw" })
    }

    @Test func anIdIsAskedForAtTheRoot() async throws {
        let transport = ScriptedRegistry(["https://r.example/x/schemas/ids/4": (200, #"{"schema":"message A {}","schemaType":"PROTOBUF"}"#)]
        )
        let registry = try ConfluentRegistry(configuration("https://r.example/x/subjects/s/versions/2"), transport: transport)
        #expect(try await registry.schema(.id(4)).kind == .protobuf)
        let loose = try ConfluentRegistry(configuration("https://r.example"), transport: transport)
        #expect(!loose.hasPin)
        guard case .missing? = await fault(loose, .configured) else {
            Issue.record("a registry without a pin has a schema")
            return
        }
    }

    @Test func answersSayWhoMustAct() async throws {
        let url = "https://r.example/schemas/ids/9"
        for (reply, expected) in [
            ((404, #"{"error_code":40403,"message":"Schema 9 not found"}"#), nil as Disposition?), ((500, "oops"), .retry),
            ((503, #"{"error_code":50301,"message":"no leader"}"#), .retry), ((429, ""), .retry), ((401, ""), .user), ((403, ""), .user),
            ((200, "<html>"), .user), ((302, ""), .user),
        ] {
            let transport = ScriptedRegistry([url: reply])
            let registry = try ConfluentRegistry(
                configuration("https://r.example", user: "name", password: "hush-hush"), transport: transport)
            switch await fault(registry) {
            case .missing(let reason)?:
                #expect(expected == nil)
                #expect(reason.contains("Schema 9 not found"))
            case .registry(let error)?:
                #expect(error.disposition == expected, "\(reply.0)")
                #expect(!error.description.contains("hush") && !error.debugDescription.contains("hush"))
            case nil: Issue.record("HTTP \(reply.0) is a schema")
            }
        }
    }

    @Test func aRegistryThatCannotBeReachedIsRetried() async throws {
        let registry = try ConfluentRegistry(configuration("http://127.0.0.1:1"))
        guard case .registry(let error)? = await fault(registry) else {
            Issue.record("nobody listens on port 1")
            return
        }
        #expect(error.disposition == .retry)
        #expect(error.code == .sourceUnreachable)
    }

    @Test func referencesAreFetchedDeepestFirst() async throws {
        let transport = ScriptedRegistry([
            "https://r.example/schemas/ids/1": (
                200,
                #"{"schema":"main","schemaType":"PROTOBUF","references":[{"name":"a.proto","subject":"a b","version":2},{"name":"c.proto","subject":"c","version":1}]}"#
            ),
            "https://r.example/subjects/a%20b/versions/2": (
                200, #"{"schema":"A","references":[{"name":"c.proto","subject":"c","version":1}]}"#
            ),
            "https://r.example/subjects/c/versions/1": (200, #"{"schema":"C"}"#),
        ])
        let registry = try ConfluentRegistry(configuration("https://r.example"), transport: transport)
        let schema = try await registry.schema(.id(1))
        #expect(schema.dependencies.map(\.text) == ["C", "A"])
        #expect(schema.dependencies.map(\.name) == ["c.proto", "a.proto"])
    }

    // A server of its own process.

    private static let environment = ProcessInfo.processInfo.environment
    private static let url = environment["PENSTOCK_TEST_REGISTRY"]
    private static var isWanted: Bool { url != nil || environment["PENSTOCK_REQUIRE_IT"] == "1" }

    private static func register(_ subject: String, _ body: String) async throws -> Int64 {
        var request = HTTPClientRequest(url: "\(url ?? "")/subjects/\(subject)/versions")
        request.method = .POST
        request.headers.add(name: "authorization", value: "Basic dXNlcjpwYXNz")
        request.body = .bytes(Array(body.utf8))
        let reply = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        let answer = try JSONValue(parsing: Array(try await reply.body.collect(upTo: 1 << 20).readableBytesView))
        return try #require(answer["id"]?.integer)
    }

    @Test(.enabled(if: isWanted))
    func schemasComeFromAServer() async throws {
        let url = try #require(Self.url)
        let subject = "s-\(UUID().uuidString)"
        let base = "base-\(UUID().uuidString)"
        _ = try await Self.register(base, #"{"schema":"{\"type\":\"enum\",\"name\":\"K\",\"symbols\":[\"a\"]}"}"#)
        let id = try await Self.register(
            subject, #"{"schema":"{\"type\":\"array\",\"items\":\"K\"}","references":[{"name":"K","subject":"\#(base)","version":1}]}"#)
        let registry = try ConfluentRegistry(configuration("\(url)/subjects/\(subject)", user: "user", password: "pass"))
        let pinned = try await registry.schema(.configured)
        #expect(pinned.text == #"{"type":"array","items":"K"}"#)
        #expect(pinned.dependencies.map(\.name) == ["K"])
        #expect(try await registry.schema(.id(Int32(id))) == pinned)
        guard case .missing? = await fault(registry, .id(999_999)) else {
            Issue.record("the server has a schema 999999")
            return
        }
        let stranger = try ConfluentRegistry(configuration(url, user: "user", password: "wrong"))
        guard case .registry(let error)? = await fault(stranger, .id(Int32(id))) else {
            Issue.record("the server takes any password")
            return
        }
        #expect(error.disposition == .user)
    }

    @Test(.enabled(if: isWanted))
    func anOwnAuthorityIsTrusted() async throws {
        let url = try #require(Self.environment["PENSTOCK_TEST_REGISTRY_TLS"])
        let path = try #require(Self.environment["PENSTOCK_TEST_REGISTRY_CA"])
        let authority = try String(contentsOfFile: path, encoding: .utf8)
        var trusted = try configuration(url)
        trusted.caCertificate = authority
        let registry = try ConfluentRegistry(trusted)
        guard case .missing? = await fault(registry) else {
            Issue.record("the server was not reached through its authority")
            return
        }
        guard case .registry(let error)? = await fault(try ConfluentRegistry(configuration(url))) else {
            Issue.record("an unknown authority is trusted")
            return
        }
        #expect(error.disposition == .retry)
        trusted.caCertificate = "nonsense"
        #expect(throws: PipeError.self) { _ = try ConfluentRegistry(trusted) }
    }
}
