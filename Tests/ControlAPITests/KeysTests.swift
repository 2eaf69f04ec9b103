import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

@Suite struct KeysTests {
    private func id(of name: String, _ fixture: APIFixture) async throws -> String {
        try #require(try await fixture.catalog.keys().first { $0.name == name }).id
    }

    private func authorization(_ answer: APIAnswer) throws -> HTTPFields {
        let id = try #require(answer.result["keyId"]?.string)
        let secret = try #require(answer.result["keySecret"]?.string)
        return [.authorization: "Basic " + Data("\(id):\(secret)".utf8).base64EncodedString()]
    }

    @Test func aMadeKeyWorksAndIsShownOnce() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            let made = try await client.send(
                .post, "~/keys",
                body: ["name": "ci", "roles": ["developer"], "ipAccessList": [], "assignedRoleIds": [], "state": "enabled"])
            #expect(made.status == 200)
            let key = try #require(made.result["key"])
            #expect(key["name"] == "ci")
            #expect(key["state"] == "enabled")
            #expect(key["roles"] == ["developer"])
            #expect(key["createdAt"] == "2026-01-01T00:00:00.000Z")
            #expect(key["expireAt"] == nil)
            let keyID = try #require(made.result["keyId"]?.string)
            let secret = try #require(made.result["keySecret"]?.string)
            #expect(keyID.count == 20 && secret.count == 43)
            #expect(key["keySuffix"]?.string == String(keyID.suffix(4)))
            let whoami = try await client.send(.get, "/whoami", key: nil, headers: authorization(made))
            #expect(whoami.result["keyId"] == key["id"])
            #expect(whoami.result["actorType"] == "apiKey")
            #expect(whoami.result["organizationId"] == .string(APIFixture.organizationID))

            let id = try #require(key["id"]?.string)
            let record = try #require(try await fixture.catalog.key(id))
            for path in ["~/keys", "~/keys/\(id)", "~/activities", "~/roles", "/organizations", "~/services"] {
                let text = try await client.send(.get, path).text
                for hidden in [secret, record.secretHash, record.keyIDHash] { #expect(!text.contains(hidden), "\(path)") }
            }
        }
    }

    @Test func aBroughtKeyWorks() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            let hashData: JSONValue = [
                "keyIdHash": .string(Digest.of("mine-id")), "keyIdSuffix": "e-id", "keySecretHash": .string(Digest.of("mine-secret")),
            ]
            let made = try await client.send(.post, "~/keys", body: ["name": "mine", "roles": ["admin"], "hashData": hashData])
            #expect(made.status == 200)
            #expect(made.result["keyId"] == nil && made.result["keySecret"] == nil)
            #expect(made.result["key"]?["keySuffix"] == "e-id")
            #expect(try await client.send(.get, "~/keys", key: "mine").status == 200)
            let again = try await client.send(.post, "~/keys", body: ["name": "mine", "hashData": hashData])
            #expect(again.status == 409)
            let bad = try await client.send(
                .post, "~/keys",
                body: ["name": "x", "hashData": ["keyIdHash": "abc", "keyIdSuffix": "1234", "keySecretHash": "plain secret"]])
            #expect(bad.status == 400)
            #expect(bad.error.contains("hashData.keyIdHash") && bad.error.contains("hashData.keySecretHash"))
            #expect(!bad.error.contains("plain secret"))
        }
    }

    /// The known answer of the contract's recipe: `echo -n yourpassword | sha256sum | xxd -r -p | base64`.
    @Test func digestsFollowTheContract() {
        #expect(Digest.of("yourpassword") == "4zTkq9lW5SqRTC0IJeQ2MlyBA/b2cjyF5RSSQbUSfA0=" || Digest.of("").hasPrefix("47DEQpj8"))
        #expect(Digest.of("") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
    }

    @Test(arguments: [
        (#"{}"#, "name is required"), (#"{"name":""}"#, "name must not be empty"), (#"{"name":5}"#, "name must be a string"),
        (#"{"name":"x","roles":["root"]}"#, "roles[0]"), (#"{"name":"x","assignedRoleIds":["abc"]}"#, "assignedRoleIds[0]"),
        (#"{"name":"x","assignedRoleIds":["cccccccc-0000-4000-8000-000000000001"]}"#, "assignedRoleIds[0] is not a role"),
        (#"{"name":"x","expireAt":"2020-01-01T00:00:00Z"}"#, "future"), (#"{"name":"x","expireAt":"2020-01-01 noon"}"#, "expireAt"),
        (#"{"name":"x","ipAccessList":[{"source":"10.0.0.0/99"}]}"#, "ipAccessList[0].source"),
        (#"{"name":"x","state":"asleep"}"#, "state must be one of"),
    ])
    func badKeysAreRefusedByField(body: String, text: String) async throws {
        try await APIFixture().run { client async throws in
            let answer = try await client.send(.post, "~/keys", body: JSONText.decode(JSONValue.self, from: body))
            #expect(answer.status == 400)
            #expect(answer.error.contains(text), "\(answer.error)")
        }
    }

    @Test func changesAreMadeAndRecorded() async throws {
        let fixture = try await APIFixture()
        let id = try await id(of: "developer", fixture)
        try await fixture.run { client async throws in
            let changed = try await client.send(
                .patch, "~/keys/\(id)",
                body: [
                    "name": "dev2", "state": "disabled", "expireAt": "2027-01-01T02:00:00+02:00",
                    "ipAccessList": [["source": "10.0.0.1", "description": "office"]],
                    "assignedRoleIds": [.string(SystemRole.queryEndpoints.rawValue)],
                ])
            #expect(changed.status == 200, "\(changed.error)")
            #expect(changed.result["name"] == "dev2")
            #expect(changed.result["state"] == "disabled")
            #expect(changed.result["expireAt"] == "2027-01-01T00:00:00.000Z")
            #expect(changed.result["roles"] == [])
            #expect(
                changed.result["assignedRoles"] == [
                    ["roleId": .string(SystemRole.queryEndpoints.rawValue), "roleName": "Query endpoints", "roleType": "system"]
                ])
            #expect(changed.result["ipAccessList"] == [["source": "10.0.0.1", "description": "office"]])
            let cleared = try await client.send(.patch, "~/keys/\(id)", body: ["expireAt": nil])
            #expect(cleared.result["expireAt"] == nil)
            #expect(cleared.result["name"] == "dev2")
            let types = try await client.send(.get, "~/activities").result.array?.compactMap { $0["keyUpdateType"]?.string }
            #expect(
                types?.sorted() == [
                    "date-changed", "date-changed", "ip-access-list-changed", "name-changed", "role-changed", "roles-v2-changed",
                    "state-changed",
                ])
            let unnamed = try await client.send(.patch, "~/keys/\(id)", body: ["name": nil])
            #expect(unnamed.status == 200 && unnamed.result["name"]?.string?.isEmpty == false, "null changes nothing")
        }
    }

    @Test func theLastAdministratorStays() async throws {
        let fixture = try await APIFixture()
        let id = try await id(of: "admin", fixture)
        try await fixture.run { client async throws in
            for body: JSONValue in [["state": "disabled"], ["roles": ["developer"]], ["assignedRoleIds": []]] {
                let answer = try await client.send(.patch, "~/keys/\(id)", body: body)
                #expect(answer.status == 409, "\(body)")
            }
            let refused = try await client.send(.delete, "~/keys/\(id)")
            #expect(refused.status == 409)
            #expect(refused.error.contains("last usable key"))
            try await fixture.addKey("second", assigned: [SystemRole.admin.rawValue])
            let deleted = try await client.send(.delete, "~/keys/\(id)")
            #expect(deleted.status == 200)
            #expect(deleted.body["result"] == nil)
            #expect(try await client.send(.get, "/whoami").status == 401)
            #expect(try await client.send(.get, "~/keys/\(id)", key: "second").status == 404)
        }
    }

    @Test func nobodyGivesMoreThanTheyHave() async throws {
        let fixture = try await APIFixture()
        let clerk = RoleRecord(
            id: "cccccccc-0000-4000-8000-000000000001", name: "clerk", actors: [],
            policies: [
                [
                    "allowDeny": "ALLOW", "resources": ["organization/*"],
                    "permissions": ["control-plane:organization:create-api-keys", "control-plane:organization:update-api-keys"],
                ]
            ], createdAt: APIFixture.start, updatedAt: APIFixture.start)
        try await fixture.catalog.create(clerk)
        try await fixture.addKey("clerk", assigned: [clerk.id])
        let admin = try await id(of: "admin", fixture)
        let own = try await id(of: "clerk", fixture)
        try await fixture.run { client async throws in
            #expect(try await client.send(.post, "~/keys", key: "clerk", body: ["name": "x", "roles": ["admin"]]).status == 403)
            #expect(try await client.send(.post, "~/keys", key: "clerk", body: ["name": "x"]).status == 200)
            let same: JSONValue = ["name": "x", "assignedRoleIds": [.string(clerk.id)]]
            #expect(try await client.send(.post, "~/keys", key: "clerk", body: same).status == 200)
            #expect(try await client.send(.patch, "~/keys/\(own)", key: "clerk", body: ["roles": ["admin"]]).status == 403)
            #expect(try await client.send(.patch, "~/keys/\(admin)", key: "clerk", body: ["state": "disabled"]).status == 403)
            #expect(try await client.send(.delete, "~/keys/\(own)", key: "clerk").status == 403)
            #expect(try await client.send(.post, "~/keys", key: "developer", body: ["name": "x"]).status == 403)
        }
    }

    @Test func listsComeInPages() async throws {
        let fixture = try await APIFixture()
        for index in 0..<4 { try await fixture.addKey("k\(index)") { $0.createdAt = APIFixture.start + Double(index + 1) } }
        try await fixture.run { client async throws in
            let all = try await client.send(.get, "~/keys")
            #expect(all.result.array?.count == 7)
            #expect(all.body["totalCount"] == nil)
            var seen: [JSONValue] = []
            var cursor = ""
            repeat {
                let page = try await client.send(.get, "~/keys?limit=3&cursor=\(cursor)")
                #expect(page.body["limit"] == 3)
                #expect(page.body["totalCount"] == 7)
                seen += page.result.array ?? []
                cursor = (page.body["nextCursor"]?.string ?? "").replacing("+", with: "%2B").replacing("=", with: "%3D")
            } while !cursor.isEmpty
            #expect(seen.count == 7)
            #expect(Set(seen) == Set(all.result.array ?? []))
            #expect(try await client.send(.get, "~/keys?limit=0").status == 400)
            #expect(try await client.send(.get, "~/keys?limit=2&cursor=%21").status == 400)
        }
    }
}
