import Catalog
import ControlAPI
import HTTPTypes
import PipeCore
import Testing

@Suite struct ClickPipesDiscoveryTests {
    private func discover(
        _ body: JSONValue, sources: SourceCatalog = .runnable, prepare: (APIFixture) -> Void = { _ in }
    ) async throws -> APIAnswer {
        let fixture = try await APIFixture(sources: sources)
        fixture.warehouses.answer(fields: [
            DiscoveredField(name: "id", type: "Int64", isOptional: false, examples: ["1", nil]),
            DiscoveredField(name: "name", type: "Nullable(String)", isOptional: true),
        ])
        prepare(fixture)
        let answer = try await fixture.run { try await $0.send(.post, "~~/clickpipes/schemaDiscovery", body: body) }
        #expect(try await fixture.catalog.pipes(service: nil).isEmpty)
        return answer
    }

    @Test(arguments: PipeBodies.all) func everyArmIsDiscovered(_ body: JSONValue) async throws {
        let answer = try await discover(["source": body["source"] ?? .null])
        #expect(answer.status == 200, "\(answer.error)")
        #expect(
            answer.result["fields"]
                == json([
                    ["name": "id", "type": "Int64", "optional": false, "examples": ["1", .null]],
                    ["name": "name", "type": "Nullable(String)", "optional": true, "examples": []],
                ]))
        #expect(answer.result["meta"].map(\.isNull) ?? true)
    }

    @Test func armsAreValidated() async throws {
        let source = PipeBodies.kafka.removing("source.kafka.topics")["source"] ?? .null
        #expect(try await discover(["source": source]).error == "BAD_REQUEST: source.kafka.topics is required")
        #expect(try await discover([:]).error == "BAD_REQUEST: source is required")
    }

    @Test func aKindWithoutConnectorCannotBeDiscovered() async throws {
        let answer = try await discover(["source": PipeBodies.kafka["source"] ?? .null], sources: .described)
        #expect(answer.status == 400 && answer.error.contains("this build has no connector for kafka"))
    }

    @Test func aSourceThatCannotBeReadIsTheUsersProblem() async throws {
        let body = PipeBodies.s3.setting("source.objectStorage.url", to: "https://unreadable.s3.amazonaws.com/x")
        let answer = try await discover(["source": body["source"] ?? .null])
        #expect(answer.status == 400 && answer.error == "BAD_REQUEST: source.objectStorage no file matches the url")
    }

    @Test func theServiceMustRun() async throws {
        let answer = try await discover(["source": PipeBodies.s3["source"] ?? .null]) {
            $0.services.set(.stopped, service: APIFixture.serviceID)
        }
        #expect(answer.status == 424 && answer.error.contains("Current state: stopped"))
    }
}
