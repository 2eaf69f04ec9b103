import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

@Suite struct RolesTests {
    private func policy(_ effect: String, _ permissions: [JSONValue], _ resources: [JSONValue]) -> JSONValue {
        ["allowDeny": .string(effect), "permissions": .array(permissions), "resources": .array(resources)]
    }

    @Test func systemRolesAreThereAndStay() async throws {
        try await APIFixture().run { client async throws in
            let roles = try await client.send(.get, "~/roles").result.array ?? []
            #expect(roles.map { $0["name"]?.string } == ["Admin", "Developer", "Query endpoints"])
            #expect(roles.allSatisfy { $0["type"] == "system" && $0["actors"]?.array?.count == 1 })
            for role in SystemRole.allCases {
                #expect(try await client.send(.get, "~/roles/\(role.rawValue)").result["name"]?.string == role.name)
                #expect(try await client.send(.delete, "~/roles/\(role.rawValue)").status == 400)
                #expect(try await client.send(.patch, "~/roles/\(role.rawValue)", body: ["name": "x"]).status == 400)
            }
        }
    }

    @Test func customRolesLiveAndDie() async throws {
        let fixture = try await APIFixture()
        let key = try await fixture.addKey("reader")
        try await fixture.run { client async throws in
            let made = try await client.send(
                .post, "~/roles",
                body: [
                    "name": "Readers", "actors": [.string("apiKey/\(key.id)"), "user/somebody"],
                    "policies": [policy("ALLOW", ["control-plane:service:view"], [.string("instance/\(APIFixture.serviceID)")])],
                ])
            #expect(made.status == 200, "\(made.error)")
            let id = try #require(made.result["id"]?.string)
            #expect(made.result["type"] == "custom")
            #expect(made.result["actors"] == [.string("apiKey/\(key.id)"), "user/somebody"])
            let stored = try #require(made.result["policies"]?.array?.first)
            #expect(stored["roleId"]?.string == id)
            #expect(UUID(uuidString: stored["id"]?.string ?? "") != nil)
            #expect(stored["tenantId"]?.string == "organization/\(APIFixture.organizationID)")

            #expect(try await client.send(.get, "~~", key: "reader").status == 200)
            #expect(try await client.send(.get, "~/services", key: "reader").result.array?.count == 1)
            #expect(try await client.send(.get, "~", key: "reader").status == 403)
            #expect(try await client.send(.patch, "~~", key: "reader", body: ["name": "x"]).status == 403)
            let other = "~/services/bbbbbbbb-0000-4000-8000-000000000009"
            #expect(try await client.send(.get, other, key: "reader").status == 403)

            let denied = try await client.send(
                .patch, "~/roles/\(id)",
                body: [
                    "policies": [
                        policy("ALLOW", ["control-plane:service:manage"], ["instance/*"]),
                        policy("DENY", ["control-plane:service:view"], ["instance/*"]),
                    ]
                ])
            #expect(denied.status == 200)
            #expect(denied.result["name"] == "Readers")
            #expect(try await client.send(.get, "~~", key: "reader").status == 403)
            #expect(try await client.send(.patch, "~~", key: "reader", body: ["name": "renamed"]).status == 200)

            #expect(try await client.send(.patch, "~/roles/\(id)", body: ["actors": []]).result["actors"] == [])
            #expect(try await client.send(.patch, "~~", key: "reader", body: ["name": "again"]).status == 403)
            let assigned = try await client.send(.patch, "~/keys/\(key.id)", body: ["assignedRoleIds": [.string(id)]])
            #expect(assigned.result["assignedRoles"]?.array?.first?["roleType"] == "custom")
            #expect(try await client.send(.get, "~/roles/\(id)").result["actors"] == [.string("apiKey/\(key.id)")])

            #expect(try await client.send(.delete, "~/roles/\(id)").status == 200)
            #expect(try await client.send(.get, "~/roles/\(id)").status == 404)
            #expect(try await client.send(.get, "~/keys/\(key.id)").result["assignedRoles"] == [])
            let types = try await client.send(.get, "~/activities").result.array?.compactMap { $0["type"]?.string } ?? []
            #expect(types.filter { $0.hasPrefix("role_") } == ["role_delete", "role_update", "role_update", "role_create"])
        }
    }

    @Test func badRolesAreRefusedByField() async throws {
        try await APIFixture().run { client async throws in
            let good = policy("ALLOW", ["control-plane:service:view"], ["instance/*"])
            let cases: [(JSONValue, Int, String)] = [
                (["name": "x", "actors": []], 400, "policies is required"),
                (["name": "x", "actors": [.string("apiKey/\(APIFixture.serviceID)")], "policies": [good]], 400, "actors[0]"),
                (["name": "x", "actors": ["somebody"], "policies": [good]], 400, "actors[0]"),
                (["name": "x", "actors": [], "policies": [policy("MAYBE", ["a"], ["b"])]], 400, "policies[0].allowDeny"),
                (["name": "x", "actors": [], "policies": [policy("ALLOW", ["fly"], ["instance/*"])]], 400, "policies[0].permissions[0]"),
                (
                    [
                        "name": "x", "actors": [],
                        "policies": [
                            policy("ALLOW", ["control-plane:organization:view", "control-plane:service:view"], ["organization/*"])
                        ],
                    ], 400, "use two policies"
                ),
                (
                    ["name": "x", "actors": [], "policies": [policy("ALLOW", ["control-plane:organization:view"], ["instance/*"])]], 400,
                    "policies[0].resources[0]"
                ),
                (
                    ["name": "x", "actors": [], "policies": [policy("ALLOW", ["control-plane:service:view"], ["galaxy/*"])]], 400,
                    "resources[0]"
                ),
                (["name": "admin", "actors": [], "policies": [good]], 409, "name"),
            ]
            for (body, status, text) in cases {
                let answer = try await client.send(.post, "~/roles", body: body)
                #expect(answer.status == status)
                #expect(answer.error.contains(text), "\(answer.error)")
            }
        }
    }

    @Test func rolesCannotBeMadeStrongerThanTheirMaker() async throws {
        let fixture = try await APIFixture()
        let manager = RoleRecord(
            id: "cccccccc-0000-4000-8000-000000000002", name: "manager", actors: [],
            policies: [policy("ALLOW", ["control-plane:organization:manage"], ["organization/*"])], createdAt: APIFixture.start,
            updatedAt: APIFixture.start)
        try await fixture.catalog.create(manager)
        try await fixture.addKey("manager", assigned: [manager.id])
        try await fixture.run { client async throws in
            func body(_ permission: JSONValue) -> JSONValue {
                ["name": permission, "actors": [], "policies": [policy("ALLOW", [permission], ["organization/*"])]]
            }
            #expect(try await client.send(.post, "~/roles", key: "manager", body: body("control-plane:organization:view")).status == 200)
            #expect(try await client.send(.post, "~/roles", key: "manager", body: body("control-plane:service:view")).status == 403)
        }
    }

    /// A key bound by a denial can neither lift it nor give the role away, and nobody strips stronger keys.
    @Test func rolesCannotBeLoosenedByThoseTheyBind() async throws {
        let fixture = try await APIFixture()
        func role(_ number: Int, _ policies: [JSONValue]) -> RoleRecord {
            RoleRecord(
                id: "cccccccc-0000-4000-8000-00000000001\(number)", name: "role \(number)", actors: [], policies: .array(policies),
                createdAt: APIFixture.start, updatedAt: APIFixture.start)
        }
        let manager = role(1, [policy("ALLOW", ["control-plane:organization:manage"], ["organization/*"])])
        let binding = role(2, [policy("DENY", ["control-plane:service:manage"], ["instance/*"])])
        let empty = role(3, [])
        for role in [manager, binding, empty] { try await fixture.catalog.create(role) }
        try await fixture.addKey("bound", assigned: [SystemRole.admin.rawValue, binding.id])
        try await fixture.addKey("manager", assigned: [manager.id])
        let keys = Dictionary(uniqueKeysWithValues: try await fixture.catalog.keys().map { ($0.name, JSONValue.string("apiKey/\($0.id)")) })
        let admin = try #require(keys["admin"])
        let bound = try #require(keys["bound"])
        try await fixture.run { client async throws in
            let path = "~/roles/\(binding.id)"
            #expect(try await client.send(.delete, path, key: "bound").status == 403)
            #expect(try await client.send(.patch, path, key: "bound", body: ["policies": []]).status == 403)
            #expect(try await client.send(.patch, path, key: "bound", body: ["actors": []]).status == 403)
            let strip: JSONValue = ["actors": [admin]]
            #expect(try await client.send(.patch, "~/roles/\(empty.id)", key: "manager", body: strip).status == 403)
            #expect(try await client.send(.get, "~~", key: "bound").status == 200)
            // The only full administrator cannot be bound either.
            #expect(try await client.send(.patch, path, body: ["actors": [admin, bound]]).status == 409)
            #expect(try await client.send(.patch, path, body: ["actors": []]).status == 200)
            #expect(try await client.send(.patch, path, body: strip).status == 200, "another administrator is left")
        }
    }

    @Test func denialsAndScopesCombine() {
        var set = PermissionSet()
        set.allow([.manageService], on: [.allServices])
        set.deny([.managePipes], on: [.service("a")])
        #expect(set.allows(.managePipes, service: "b"))
        #expect(!set.allows(.managePipes, service: "a"))
        #expect(set.allows(.viewPipes, service: "a"))
        #expect(!set.allows(.managePipes, service: nil))
        #expect(!set.allows(.viewOrganization, service: nil))
        #expect(!set.covers(SystemRole.developer.permissions))
        #expect(SystemRole.admin.permissions.covers(set))
    }
}
