import AsyncHTTPClient
import FoundationEssentials
import KafkaConnector
import NIOCore
import NIOHTTP1
import PipeCore
import Testing

/// What is said of formats and registries before a pipe is made.
@Suite(.timeLimit(.minutes(5)))
struct FormatProbeTests {
    private func findings(_ format: String, _ members: [String: JSONValue]) async throws -> [Finding] {
        var document: JSONValue = ["type": "kafka", "format": .string(format), "brokers": "b:1", "topics": "t"]
        for (name, value) in members { document[name] = value }
        return try await document.decode(KafkaConfiguration.self).probeFormat()
    }

    private func findings(_ format: String, registry url: String, password: String = "pass") async throws -> [Finding] {
        try await findings(
            format,
            ["schemaRegistry": ["url": .string(url), "credentials": ["username": "user", "password": .string(password)]]])
    }

    @Test(arguments: ["JSONEachRow", "Avro"])
    func formatsThatNeedNothing(format: String) async throws { #expect(try await findings(format, [:]).isEmpty) }

    @Test func schemasOfTheConfiguration() async throws {
        func schema(_ text: String) async throws -> Finding? {
            try await findings("Protobuf", ["protobufSchema": .string(Data(text.utf8).base64EncodedString())]).first
        }
        #expect(try await schema(#"syntax = "proto3"; message A { int32 a = 1; }"#) == nil)
        for text in ["message A {", #"syntax = "proto3"; message A { B b = 1; }"#, #"syntax = "proto3"; enum E { X = 0; }"#] {
            let found = try #require(await schema(text), "\(text)")
            #expect(found.severity == .failure && found.field.description == "source.kafka.protobufSchema")
            #expect(found.message.hasPrefix("cannot be used: "))
        }
        let none = try #require(await findings("Protobuf", [:]).first)
        #expect(none.field.description == "source.kafka.protobufSchema" && none.message.contains("is required"))
    }

    @Test func aRegistryThatCannotBeReached() async throws {
        for format in ["AvroConfluent", "Protobuf", "JSONEachRow"] {
            let found = try #require(await findings(format, registry: "http://127.0.0.1:1").first)
            #expect(found.severity == .failure && found.field.description == "source.kafka.schemaRegistry.url")
            #expect(found.message.contains("failed to access") && found.message.contains("http://127.0.0.1:1"))
        }
    }

    // A server of its own process.

    private static let environment = ProcessInfo.processInfo.environment
    private static let url = environment["PENSTOCK_TEST_REGISTRY"]
    private static var isWanted: Bool { url != nil || environment["PENSTOCK_REQUIRE_IT"] == "1" }

    /// The id and the subject of a new schema.
    private static func register(_ document: JSONValue) async throws -> (Int64, String) {
        let subject = "s-\(UUID().uuidString)"
        var request = HTTPClientRequest(url: "\(url ?? "")/subjects/\(subject)/versions")
        request.method = .POST
        request.headers.add(name: "authorization", value: "Basic dXNlcjpwYXNz")
        request.body = .bytes(Array(try JSONText.encode(document)))
        let reply = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        let answer = try JSONValue(parsing: Array(try await reply.body.collect(upTo: 1 << 20).readableBytesView))
        return (try #require(answer["id"]?.integer), subject)
    }

    @Test(.enabled(if: isWanted))
    func whatTheURLPinsIsLookedAt() async throws {
        let url = try #require(Self.url)
        let (avro, avroSubject) = try await Self.register(["schema": #"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#])
        let (proto, _) = try await Self.register(["schemaType": "PROTOBUF", "schema": #"syntax = "proto3"; message A { int32 a = 1; }"#])
        let (json, _) = try await Self.register(["schemaType": "JSON", "schema": #"{"type":"object"}"#])
        let (broken, _) = try await Self.register(["schema": #"{"type":"record","name":"R","fields":[{"name":"a","type":"B"}]}"#])
        let (halfProto, _) = try await Self.register(["schemaType": "PROTOBUF", "schema": "message {"])

        for (format, pin) in [
            ("AvroConfluent", ""), ("AvroConfluent", "/schemas/ids/\(avro)"), ("AvroConfluent", "/subjects/\(avroSubject)"),
            ("AvroConfluent", "/subjects/\(avroSubject)/versions/1"), ("Protobuf", "/schemas/ids/\(proto)"),
            ("JSONEachRow", "/schemas/ids/\(json)"),
        ] { #expect(try await findings(format, registry: url + pin).isEmpty, "\(format) \(pin)") }

        for (format, pin, expected) in [
            ("AvroConfluent", "/schemas/ids/\(proto)", "names a schema of type PROTOBUF; the format AvroConfluent needs AVRO"),
            ("Protobuf", "/schemas/ids/\(avro)", "names a schema of type AVRO; the format Protobuf needs PROTOBUF"),
            ("JSONEachRow", "/schemas/ids/\(avro)", "names a schema of type AVRO; the format JSONEachRow needs JSON"),
            ("AvroConfluent", "/schemas/ids/999999", "has no schema id 999999"),
            ("AvroConfluent", "/subjects/\(avroSubject)/versions/7", "has no subject \(avroSubject), version 7"),
            ("AvroConfluent", "/subjects/nobody", "has no subject nobody"),
            ("AvroConfluent", "/schemas/ids/\(broken)", "cannot be used"), ("Protobuf", "/schemas/ids/\(halfProto)", "cannot be used"),
        ] {
            let found = try #require(await findings(format, registry: url + pin).first, "\(format) \(pin)")
            #expect(found.severity == .failure && found.field.description == "source.kafka.schemaRegistry.url")
            #expect(found.message.contains(expected), "\(found.message)")
        }
    }

    @Test(.enabled(if: isWanted))
    func aWrongPasswordIsAboutTheCredentials() async throws {
        let found = try #require(await findings("AvroConfluent", registry: Self.url ?? "", password: "guess-guess").first)
        #expect(found.severity == .failure && found.field.description == "source.kafka.schemaRegistry.credentials")
        #expect(found.message.contains("refuses the credentials") && !found.message.contains("guess-guess"))
    }
}
