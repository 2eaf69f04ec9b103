import AsyncHTTPClient
import CloudSigning
import FoundationEssentials
import KafkaConnector
import NIOCore
import NIOHTTP1
import PipeCore
import Testing

@Suite struct GlueRegistryTests {
    /// moto, the emulator of AWS that the tests of object storage use.
    static let url = ProcessInfo.processInfo.environment["PENSTOCK_TEST_S3"] ?? "http://127.0.0.1:25000"

    static func isAvailable() async -> Bool {
        if ProcessInfo.processInfo.environment["PENSTOCK_REQUIRE_IT"] == "1" { return true }
        return (try? await HTTPClient.shared.execute(HTTPClientRequest(url: "\(url)/moto-api/data.json"), timeout: .seconds(3))) != nil
    }

    private static let id = SchemaVersionID(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff)

    private static func parsed(_ text: String) -> SchemaVersionID? {
        let digits = text.filter { $0 != "-" }
        guard digits.count == 32, let high = UInt64(digits.prefix(16), radix: 16), let low = UInt64(digits.suffix(16), radix: 16) else {
            return nil
        }
        return SchemaVersionID(high: high, low: low)
    }

    private func registry(_ transport: any RegistryTransport, name: String = "r") -> GlueRegistry {
        GlueRegistry(
            region: "us-east-1", name: name, endpoint: Self.url,
            authority: { AWSCredentials(accessKeyID: "AKIDEXAMPLE", secretKey: "secret-of-the-key", sessionToken: "token") },
            transport: transport, seconds: { 1_700_000_000 })
    }

    @Test func requestsAreSigned() async throws {
        let transport = ScriptedRegistry(["\(Self.url)/": (200, #"{"SchemaDefinition":"\"string\"","DataFormat":"AVRO"}"#)])
        let schema = try await registry(transport).schema(.version(Self.id))
        #expect(schema == RegisteredSchema(kind: .avro, text: "\"string\""))
        let request = try #require(transport.asked.first)
        #expect(request.method == "POST")
        #expect(String(decoding: request.body, as: UTF8.self) == #"{"SchemaVersionId":"00112233-4455-6677-8899-aabbccddeeff"}"#)
        let headers = Dictionary(request.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first }
        #expect(headers["x-amz-target"] == "AWSGlue.GetSchemaVersion")
        #expect(headers["content-type"] == "application/x-amz-json-1.1")
        #expect(headers["x-amz-security-token"] == "token")
        #expect(
            headers["authorization"]?.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20231114/us-east-1/glue/aws4_request,SignedHeaders=content-type;host;x-amz-date;")
                == true)
        #expect(!request.headers.contains { $0.value.contains("secret-of-the-key") })
    }

    @Test func answersSayWhoMustAct() async throws {
        for (status, type, expected) in [
            (400, "EntityNotFoundException", nil as Disposition?), (400, "AccessDeniedException", .user),
            (400, "UnrecognizedClientException", .user), (500, "InternalServiceException", .retry), (400, "ThrottlingException", .retry),
        ] {
            let transport = ScriptedRegistry(["\(Self.url)/": (status, #"{"__type":"\#(type)"}"#)])
            do throws(RegistryFault) {
                _ = try await registry(transport).schema(.version(Self.id))
                Issue.record("\(type) is a schema")
            } catch {
                switch error {
                case .missing: #expect(expected == nil, "\(type)")
                case .registry(let error): #expect(error.disposition == expected, "\(type)")
                }
            }
        }
    }

    @Test(.enabled("moto answers") { await isAvailable() })
    func schemasComeFromTheEmulator() async throws {
        let name = "r-\(UUID().uuidString)"
        let schema = #"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#
        _ = try await call("CreateRegistry", ["RegistryName": .string(name)])
        let made = try await call(
            "CreateSchema",
            [
                "RegistryId": ["RegistryName": .string(name)], "SchemaName": "s", "DataFormat": "AVRO", "Compatibility": "NONE",
                "SchemaDefinition": .string(schema),
            ])
        let id = try #require(made["SchemaVersionId"]?.string.flatMap(Self.parsed))
        let registry = registry(try NetworkRegistryTransport(caCertificate: nil), name: name)
        try await registry.reach()
        let found = try await registry.schema(.version(id))
        #expect(found.kind == .avro)
        #expect(try JSONValue(parsing: Array(found.text.utf8)) == JSONValue(parsing: Array(schema.utf8)))
        do throws(RegistryFault) {
            _ = try await registry.schema(.version(SchemaVersionID(high: 0, low: 0)))
            Issue.record("there is a schema of zeros")
        } catch {
            guard case .missing = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    private func call(_ action: String, _ body: JSONValue) async throws -> JSONValue {
        var request = HTTPClientRequest(url: "\(Self.url)/")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/x-amz-json-1.1")
        request.headers.add(name: "x-amz-target", value: "AWSGlue.\(action)")
        request.headers.add(
            name: "authorization",
            value: "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/glue/aws4_request, SignedHeaders=host, Signature=x")
        request.body = .bytes(Array(try JSONText.encode(body)))
        let reply = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
        return try JSONValue(parsing: Array(try await reply.body.collect(upTo: 1 << 20).readableBytesView))
    }
}
