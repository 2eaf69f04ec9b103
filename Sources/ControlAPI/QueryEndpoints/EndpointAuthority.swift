internal import Catalog
internal import PipeCore

/// Who may give which rights away through an endpoint.
///
/// An endpoint runs SQL that its author wrote with rights that its callers get. Three rules keep a key that may manage endpoints
/// from getting more out of that than it has:
///
/// 1. Whoever lacks `control-plane:service:manage` on the service binds no database role but `sql_console_read_only`, and changes,
///    publishes or deletes no endpoint that has another one: new SQL in an endpoint with Full access is Full access.
/// 2. A key can be bound only if it may run query endpoints of the service by its own roles. So a key that may manage endpoints but
///    not run them cannot read data by binding itself.
/// 3. Tokens let their issuer in without a key, so only a caller who may run query endpoints can set whom to trust.
struct EndpointAuthority: Sendable {
    let api: APIDependencies

    static let readOnly = "sql_console_read_only"

    /// Throws 403 when the caller may not hand out these database roles.
    func requireCover(of roles: [String], service: String, by caller: Caller) throws {
        if caller.permissions.allows(.manageService, service: service) { return }
        guard let stronger = roles.first(where: { $0 != Self.readOnly }) else { return }
        throw APIError.forbidden(
            "an endpoint with the database role '\(stronger)' can be managed only by a key with \(Permission.manageService.rawValue) "
                + "on the service; this one manages endpoints with \(Self.readOnly)")
    }

    /// Throws 403 when the caller may not decide whose tokens are accepted.
    func requireTrust(_ tokens: TokenTrust?, replacing stored: TokenTrust?, service: String, by caller: Caller) throws {
        guard let tokens, tokens != stored, !caller.permissions.allows(.runQueryEndpoints, service: service) else { return }
        throw APIError.forbidden("tokens can be set only by a key with \(Permission.runQueryEndpoints.rawValue) on the service")
    }

    /// What is wrong with binding these keys. Keys bound before may stay, whatever they have lost since.
    func problems(binding keys: [String], boundBefore: [String] = [], field: String, service: String) async throws -> [Problem] {
        let known = Dictionary(try await api.catalog.keys().map { ($0.id, $0) }) { first, _ in first }
        let roles = try await api.catalog.roles()
        return keys.enumerated().compactMap { index, id in
            let path = FieldPath(field)[index]
            guard let key = known[id] else {
                return Problem(path, "is not the resource id of an API key (the `id` of GET …/keys, not the key id)")
            }
            if boundBefore.contains(id) { return nil }
            guard RoleDirectory.permissions(of: key, roles: roles).allows(.runQueryEndpoints, service: service) else {
                return Problem(path, "may not run query endpoints of this service; give the key the role \(SystemRole.queryEndpoints.name)")
            }
            return nil
        }
    }
}
