import Catalog
import ControlAPI
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import PipeCore
import Testing

/// Sign-in of the console, as a browser does it.
@Suite struct SessionTests {
    /// What a browser keeps of a sign-in.
    private struct Browser {
        var cookie: String
        var token: String
        var answer: APIAnswer
    }

    private static func fields(_ values: [String: String]) -> HTTPFields {
        var fields = HTTPFields()
        for (name, value) in values { HTTPField.Name(name).map { fields[$0] = value } }
        return fields
    }

    /// A request to a path that is not below `/v1`.
    private static func send(
        _ client: APIClient, _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, _ headers: [String: String] = [:]
    ) async throws -> APIAnswer {
        let bytes = try body.map { ByteBuffer(bytes: try JSONText.encode($0)) }
        return try await client.client.execute(uri: path, method: method, headers: fields(headers), body: bytes) { response in
            APIAnswer(
                status: Int(response.status.code), headers: response.headers, text: String(buffer: response.body),
                body: (try? JSONText.decode(JSONValue.self, from: response.body.readableBytesView)) ?? .null)
        }
    }

    private static func signIn(_ client: APIClient, _ key: String = "admin", headers: [String: String] = [:]) async throws -> APIAnswer {
        try await send(
            client, .post, "/console/session", ["keyId": .string("\(key)-id"), "keySecret": .string("\(key)-secret")],
            ["Content-Type": "application/json"].merging(headers) { $1 })
    }

    private static func browser(_ client: APIClient, _ key: String = "admin") async throws -> Browser {
        let answer = try await signIn(client, key)
        let cookie = try #require(answer.headers[.setCookie]?.split(separator: ";").first.map(String.init))
        return Browser(cookie: cookie, token: try #require(answer.result["csrfToken"]?.string), answer: answer)
    }

    @Test func aKeyIsExchangedForACookieOutOfReachOfScripts() async throws {
        try await APIFixture().run { client async throws in
            let browser = try await Self.browser(client)
            #expect(browser.answer.status == 200)
            let cookie = try #require(browser.answer.headers[.setCookie])
            for part in ["HttpOnly", "SameSite=Strict", "Path=/"] { #expect(cookie.contains(part)) }
            #expect(!cookie.contains("Secure"), "the fixture has no TLS")
            #expect(!cookie.contains("admin-secret") && !browser.answer.text.contains("admin-secret"))
            let result = browser.answer.result
            #expect(result["key"]?["name"] == "admin")
            #expect(result["organization"] == ["id": .string(APIFixture.organizationID), "name": "Penstock"])
            #expect(result["services"]?[APIFixture.serviceID]?.array?.contains("sql-console:database:access") == true)

            let again = try await Self.send(client, .get, "/console/session", nil, ["Cookie": "a=b; \(browser.cookie)"])
            #expect(again.result["csrfToken"] == .string(browser.token))
            let list = try await client.send(.get, "~/services", key: nil, headers: Self.fields(["Cookie": browser.cookie]))
            #expect(list.status == 200)
        }
    }

    @Test func overTLSTheCookieIsSecure() async throws {
        var fixture = try await APIFixture()
        fixture.configuration.publicURL = "https://penstock.example"
        try await fixture.run { client async throws in
            #expect(try await Self.signIn(client).headers[.setCookie]?.contains("; Secure") == true)
        }
    }

    @Test func aChangeNeedsTheTokenOfItsSession() async throws {
        try await APIFixture().run { client async throws in
            let browser = try await Self.browser(client)
            func rename(_ headers: [String: String]) async throws -> APIAnswer {
                try await client.send(
                    .patch, "~", key: nil, body: ["name": "Renamed"],
                    headers: Self.fields(["Cookie": browser.cookie].merging(headers) { $1 }))
            }
            #expect(try await rename([:]).status == 403)
            #expect(try await rename(["X-CSRF-Token": "guess"]).status == 403)
            let other = try await Self.browser(client, "developer")
            #expect(try await rename(["X-CSRF-Token": other.token]).status == 403)
            #expect(try await client.send(.get, "~").result["name"] == "Penstock")
            #expect(try await rename(["X-CSRF-Token": browser.token]).status == 200)
            #expect(try await client.send(.get, "~").result["name"] == "Renamed")
        }
    }

    @Test(arguments: ["cross-site", "same-site"]) func pagesOfOtherOriginsCannotUseASession(site: String) async throws {
        try await APIFixture().run { client async throws in
            let browser = try await Self.browser(client)
            let headers = ["Cookie": browser.cookie, "Sec-Fetch-Site": site, "X-CSRF-Token": browser.token]
            #expect(try await client.send(.get, "~/services", key: nil, headers: Self.fields(headers)).status == 403)
            #expect(try await client.send(.patch, "~", key: nil, body: ["name": "x"], headers: Self.fields(headers)).status == 403)
            #expect(try await Self.signIn(client, headers: ["Sec-Fetch-Site": site]).status == 403)
            // A key is no session: browsers do not send it by themselves.
            #expect(try await client.send(.get, "~/services", headers: Self.fields(["Sec-Fetch-Site": site])).status == 200)
        }
    }

    @Test func aFormOfAnotherSiteCannotSignIn() async throws {
        try await APIFixture().run { client async throws in
            let answer = try await Self.signIn(client, headers: ["Content-Type": "text/plain"])
            #expect(answer.status == 400)
            #expect(answer.headers[.setCookie] == nil)
        }
    }

    @Test func wrongCredentialsAreRefusedAndCounted() async throws {
        try await APIFixture().run { client async throws in
            let body: JSONValue = ["keyId": "admin-id", "keySecret": "wrong"]
            let json = ["Content-Type": "application/json"]
            let refused = try await Self.send(client, .post, "/console/session", body, json)
            #expect(refused.status == 401)
            #expect(refused.headers[.wwwAuthenticate] != nil)
            // The console says who it is, or the browser would ask for a password by itself.
            let console = try await Self.send(client, .post, "/console/session", body, json.merging(["X-Requested-With": "x"]) { $1 })
            #expect(console.headers[.wwwAuthenticate] == nil)
            let missing = try await Self.send(client, .post, "/console/session", ["keyId": "admin-id"], json)
            #expect(missing.status == 400 && missing.error.contains("keySecret is required"))
        }
        var fixture = try await APIFixture()
        fixture.configuration.refusalLimit = .init(requests: 2, per: .seconds(60))
        try await fixture.run { client async throws in
            var statuses: [Int] = []
            for _ in 0..<3 {
                let body: JSONValue = ["keyId": "admin-id", "keySecret": "wrong"]
                statuses.append(try await Self.send(client, .post, "/console/session", body, ["Content-Type": "application/json"]).status)
            }
            #expect(statuses == [401, 401, 429])
        }
    }

    @Test func aSessionEndsWhenItIsIdleAndWithItsKey() async throws {
        let fixture = try await APIFixture()
        let key = try await fixture.addKey("guest", roles: ["developer"])
        try await fixture.run { client async throws in
            let browser = try await Self.browser(client, "guest")
            func status() async throws -> Int {
                try await client.send(.get, "~/services", key: nil, headers: Self.fields(["Cookie": browser.cookie])).status
            }
            for _ in 0..<3 {
                fixture.time.advance(29 * 60)
                #expect(try await status() == 200)
            }
            fixture.time.advance(31 * 60)
            #expect(try await status() == 401)

            let second = try await Self.browser(client, "guest")
            _ = try await fixture.catalog.updateKey(key.id) { $0.isEnabled = false }
            let answer = try await client.send(.get, "~/services", key: nil, headers: Self.fields(["Cookie": second.cookie]))
            #expect(answer.status == 401)
            #expect(answer.error.contains("sign in again"))
            #expect(answer.headers[.wwwAuthenticate] == nil, "the browser must not ask for a password by itself")
        }
    }

    @Test func aSessionEndsAfterTwelveHoursHoweverMuchItIsUsed() async throws {
        let store = SessionStore()
        var now = APIFixture.start
        let (token, _) = store.open(keyID: "k", keyIDHash: "k", at: now)
        for _ in 0..<(12 * 60 / 20 - 1) {
            now += 20 * 60
            #expect(store.find(token, at: now) != nil)
        }
        #expect(store.find(token, at: now + 20 * 60) == nil)
        // Looking is no use.
        let (other, _) = store.open(keyID: "k", keyIDHash: "k", at: now)
        #expect(store.find(other, at: now + 29 * 60, isUse: false) != nil)
        #expect(store.find(other, at: now + 31 * 60) == nil)
    }

    @Test func theSessionIdleLongestMakesRoom() {
        let store = SessionStore(capacity: 2)
        let tokens = (0..<3).map { store.open(keyID: "k", keyIDHash: "k", at: APIFixture.start + Double($0)).token }
        #expect(tokens.map { store.find($0, at: APIFixture.start + 3) != nil } == [false, true, true])
    }

    @Test func signingOutEndsTheSession() async throws {
        try await APIFixture().run { client async throws in
            let browser = try await Self.browser(client)
            let headers = ["Cookie": browser.cookie]
            #expect(try await Self.send(client, .delete, "/console/session", nil, headers).status == 403)
            let answer = try await Self.send(
                client, .delete, "/console/session", nil, headers.merging(["X-CSRF-Token": browser.token]) { $1 })
            #expect(answer.status == 200)
            #expect(answer.headers[.setCookie]?.contains("Max-Age=0") == true)
            #expect(try await Self.send(client, .get, "/console/session", nil, headers).status == 401)
        }
    }

    @Test func aLinkSignsInOnceWithinAnHour() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            func redeem(_ code: String) async throws -> APIAnswer {
                try await Self.send(client, .post, "/console/session", ["code": .string(code)], ["Content-Type": "application/json"])
            }
            let code = fixture.sessions.issueCode(keyID: "admin-id", at: fixture.time.now)
            let first = try await redeem(code)
            #expect(first.status == 200 && first.result["key"]?["name"] == "admin")
            #expect(try await redeem(code).status == 401)
            let late = fixture.sessions.issueCode(keyID: "admin-id", at: fixture.time.now)
            fixture.time.advance(3601)
            #expect(try await redeem(late).status == 401)
            #expect(try await redeem("guess").status == 401)
        }
    }

    @Test func aKeysAddressesHoldForItsSessions() async throws {
        let fixture = try await APIFixture()
        let elsewhere = [IPAccessEntry(source: "192.0.2.0/24")]
        try await fixture.addKey("elsewhere", roles: ["admin"]) { $0.ipAccessList = elsewhere }
        let moved = try await fixture.addKey("moved", roles: ["admin"])
        try await fixture.run { client async throws in
            #expect(try await Self.signIn(client, "elsewhere").status == 403)
            let browser = try await Self.browser(client, "moved")
            _ = try await fixture.catalog.updateKey(moved.id) { $0.ipAccessList = elsewhere }
            #expect(try await client.send(.get, "~/services", key: nil, headers: Self.fields(["Cookie": browser.cookie])).status == 403)
        }
    }

    @Test func aSessionDoesNotComeBackWithItsKey() async throws {
        let fixture = try await APIFixture()
        let key = try await fixture.addKey("guest", roles: ["admin"])
        try await fixture.run { client async throws in
            func status(_ browser: Browser) async throws -> Int {
                try await client.send(.get, "~/services", key: nil, headers: Self.fields(["Cookie": browser.cookie])).status
            }
            let first = try await Self.browser(client, "guest")
            for state in ["disabled", "enabled"] {
                #expect(try await client.send(.patch, "~/keys/\(key.id)", body: ["state": .string(state)]).status == 200)
            }
            #expect(try await status(first) == 401)

            // Nor with another key of the same name.
            let second = try await Self.browser(client, "guest")
            #expect(try await status(second) == 200)
            #expect(try await fixture.catalog.deleteKey(key.id))
            try await fixture.addKey("guest", roles: ["admin"])
            #expect(try await status(second) == 401)
        }
    }

    @Test func aWindowThatOnlyAsksWhoItIsIsNoUse() async throws {
        let fixture = try await APIFixture()
        try await fixture.run { client async throws in
            let browser = try await Self.browser(client)
            let headers = ["Cookie": browser.cookie]
            fixture.time.advance(20 * 60)
            let answer = try await Self.send(client, .get, "/console/session", nil, headers)
            #expect(answer.status == 200 && answer.headers[.cacheControl] == "no-store")
            // Nor is a request that another page caused.
            let foreign = Self.fields(headers.merging(["Sec-Fetch-Site": "same-site"]) { $1 })
            #expect(try await client.send(.get, "~/services", key: nil, headers: foreign).status == 403)
            // Nor what a page asks because something happened on the server.
            let unasked = Self.fields(headers.merging(["X-Unasked": "1"]) { $1 })
            #expect(try await client.send(.get, "~/services", key: nil, headers: unasked).status == 200)
            fixture.time.advance(11 * 60)
            #expect(try await Self.send(client, .get, "/console/session", nil, headers).status == 401)
        }
    }

    @Test func answersToASessionAreNotKept() async throws {
        try await APIFixture().run { client async throws in
            let browser = try await Self.browser(client)
            #expect(browser.answer.headers[.cacheControl] == "no-store")
            let list = try await client.send(.get, "~/services", key: nil, headers: Self.fields(["Cookie": browser.cookie]))
            #expect(list.status == 200 && list.headers[.cacheControl] == "no-store")
            #expect(try await client.send(.get, "~/services").headers[.cacheControl] == nil)
        }
    }

    @Test func noKeyEndsTheSessionsOfOthers() {
        let store = SessionStore(capacity: 100, capacityOfKey: 2)
        let other = store.open(keyID: "other", keyIDHash: "o", at: APIFixture.start).token
        let tokens = (1...3).map { store.open(keyID: "k", keyIDHash: "k", at: APIFixture.start + Double($0)).token }
        #expect(([other] + tokens).map { store.find($0, at: APIFixture.start + 4) != nil } == [true, false, true, true])
    }

    @Test func signInsOfAKeyAreCounted() async throws {
        var fixture = try await APIFixture()
        fixture.configuration.refusalLimit = .init(requests: 2, per: .seconds(60))
        try await fixture.run { client async throws in
            var statuses: [Int] = []
            for key in ["developer", "developer", "developer", "admin"] { statuses.append(try await Self.signIn(client, key).status) }
            #expect(statuses == [200, 200, 429, 200])
        }
    }

    @Test func withoutTheConsoleNobodySignsIn() async throws {
        var fixture = try await APIFixture()
        fixture.configuration.hasSessions = false
        try await fixture.run { client async throws in
            #expect(try await Self.signIn(client).status == 404)
        }
    }

    @Test func theAuditLogHasEverySignIn() async throws {
        var fixture = try await APIFixture()
        fixture.configuration.refusalLimit = .init(requests: 2, per: .seconds(60))
        try await fixture.run { client async throws in
            let browser = try await Self.browser(client)
            let out = ["Cookie": browser.cookie, "X-CSRF-Token": browser.token]
            #expect(try await Self.send(client, .delete, "/console/session", nil, out).status == 200)
            let wrong: JSONValue = ["keyId": "mistyped-secret", "keySecret": "wrong"]
            let headers = ["Content-Type": "application/json", "User-Agent": "a browser"]
            for _ in 0..<4 { _ = try await Self.send(client, .post, "/console/session", wrong, headers) }
            _ = try await Self.send(client, .post, "/console/session", ["keyId": "admin-id"], headers)

            let list = try await client.send(.get, "~/activities")
            let entries = try #require(list.result.array)
            // Refusals beyond the limit and incomplete requests are not written: they could fill the log.
            #expect(
                entries.compactMap { $0["type"]?.string } == ["user_login_failed", "user_login_failed", "user_logout", "user_login"])
            #expect(entries.first?["userAgent"] == "a browser" && entries.first?["actorType"] == "api")
            #expect(entries.first?["actorId"] == nil && entries.last?["actorDetails"] == "admin")
            #expect(!list.text.contains("mistyped-secret") && !list.text.contains("wrong"))
        }
    }
}
