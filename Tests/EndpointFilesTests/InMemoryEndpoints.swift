import EndpointFiles
import PipeCore
import PipeTesting

/// A service that keeps endpoints as the API would and remembers what it was told.
struct InMemoryEndpoints: EndpointService {
    struct State: Sendable {
        var endpoints: [String: JSONValue] = [:]
        var calls: [String] = []
        var refuses: Set<String> = []
    }
    let state = Watched(State())
    static let keyID = "0b5ad8a5-13bb-4d6a-a1e2-6a0f3b8f3b01"
    static let otherKeyID = "0b5ad8a5-13bb-4d6a-a1e2-6a0f3b8f3b02"
    var keyNames = [keyID: "dashboard", otherKeyID: "partner"]

    func keys() async throws -> [String: String] { keyNames }

    func endpoints() async throws -> [JSONValue] {
        state.value.endpoints.values.map { endpoint in
            var item = endpoint
            item["sql"] = nil
            item["parameters"] = nil
            return item
        }
    }

    func endpoint(_ id: String) async throws -> JSONValue {
        guard let endpoint = state.value.endpoints[id] else { throw EndpointServiceFailure("NOT_FOUND: \(id)") }
        return endpoint
    }

    func create(_ body: JSONValue) async throws -> JSONValue {
        let id = "00000000-0000-4000-8000-00000000000\(state.value.endpoints.count)"
        return try keep(body, id: id, call: "create")
    }

    func replace(_ id: String, with body: JSONValue) async throws -> JSONValue { try keep(body, id: id, call: "replace") }

    func delete(_ id: String) async throws {
        state.update {
            $0.endpoints[id] = nil
            $0.calls.append("delete \(id)")
        }
    }

    /// As the API answers: without secrets and nulls, with members of its own.
    private func keep(_ body: JSONValue, id: String, call: String) throws -> JSONValue {
        let name = body["name"]?.string ?? ""
        guard !state.value.refuses.contains(name) else { throw EndpointServiceFailure("BAD_REQUEST: sql cannot run") }
        var shown = (body.object ?? [:]).filter { !$0.value.isNull }
        shown["id"] = .string(id)
        shown["url"] = .string("http://penstock/run/\(id)")
        shown["version"] = 3
        shown["tokens"]?["secret"] = nil
        shown["limits"] = shown["limits"] ?? ["settings": []]
        state.update { [shown] in
            $0.endpoints[id] = .object(shown)
            $0.calls.append("\(call) \(name)")
        }
        return .object(shown)
    }
}
