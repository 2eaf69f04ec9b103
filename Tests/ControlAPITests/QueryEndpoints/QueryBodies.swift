import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

/// Request bodies of saved queries and endpoints.
enum QueryBodies {
    static let sql = "SELECT uploader, count() FROM youtube WHERE year = {year:UInt16} GROUP BY uploader"

    static let saved: JSONValue = ["name": "top uploaders", "sql": .string(sql), "database": "default", "parameters": ["year": "2010"]]

    static func endpoint(keys: [String], _ change: (inout JSONValue) -> Void = { _ in }) -> JSONValue {
        var body: JSONValue = [
            "name": "top uploaders", "sql": .string(sql), "database": "default", "apiKeyIds": .array(keys.map { .string($0) }),
            "roles": ["sql_console_read_only"],
        ]
        change(&body)
        return body
    }
}

extension APIFixture {
    /// Resource id of a key by its name.
    func keyID(_ name: String) async throws -> String { try #require(try await catalog.keys().first { $0.name == name }).id }

    /// Adds a key that may see and manage endpoints of the service, and nothing else.
    func addManager(_ name: String = "manager", permissions: [JSONValue] = []) async throws {
        let role = RoleIDs.next()
        try await catalog.create(
            .init(
                id: role, name: "role of \(name)", actors: [],
                policies: [
                    [
                        "allowDeny": "ALLOW",
                        "permissions": .array(["control-plane:service:manage-query-api-endpoints"] + permissions),
                        "resources": [.string("instance/\(Self.serviceID)")],
                    ]
                ], createdAt: Self.start, updatedAt: Self.start))
        try await addKey(name, assigned: [role])
    }

    private enum RoleIDs {
        static func next() -> String { UUID().uuidString.lowercased() }
    }
}

extension APIClient {
    /// Makes an endpoint bound to the key `query`; its document.
    func makeEndpoint(_ fixture: APIFixture, _ change: (inout JSONValue) -> Void = { _ in }) async throws -> JSONValue {
        let answer = try await send(
            .post, "~~/query-api-endpoints", body: QueryBodies.endpoint(keys: [try await fixture.keyID("query")], change))
        try #require(answer.status == 201, "\(answer.error)")
        return answer.result
    }
}
