import ClickHouse

/// What the user of endpoints holds. Any user may ask this of itself.
struct AccountGrants: Sendable {
    var roles: Set<String> = []
    /// One right that was granted to the user itself.
    var right: String?

    static func read(_ client: ClickHouseClient) async throws(AccountTrouble) -> AccountGrants {
        do {
            let answer = try await client.query(
                "SHOW GRANTS", settings: ["default_format": "TSVRaw"], timeout: ManagedAccount.timeout)
            return AccountGrants(GrantLine.lines(answer.text))
        } catch {
            throw error.code == .authenticationFailed || error.code == .unknownUser ? .cannotLogIn : .server(error)
        }
    }

    private init(_ lines: [GrantLine]) {
        for line in lines {
            switch line {
            case .roles(let names): roles.formUnion(names)
            case .right(let text): right = right ?? text
            case .revoke: break
            }
        }
    }
}
