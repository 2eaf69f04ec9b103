internal import Catalog
internal import PipeCore

/// Who may do what to which key.
struct KeyAuthority: Sendable {
    let api: APIDependencies

    /// Throws 400 for roles that do not exist.
    func requireRoles(_ ids: [String]) async throws {
        let custom = Set(try await api.catalog.roles().map(\.id))
        let unknown = ids.enumerated().filter { SystemRole(rawValue: $0.element) == nil && !custom.contains($0.element) }
        try InvalidConfiguration.check(
            unknown.map { Problem(FieldPath("assignedRoleIds")[$0.offset], "is not a role of this organization") })
    }

    /// Throws 403 when `key` may do something that the caller may not: nobody makes, changes or removes a stronger key.
    func requireCover(of key: KeyRecord, by caller: Caller) async throws {
        guard caller.permissions.covers(try await RoleDirectory(api: api).permissions(of: key)) else {
            throw APIError.forbidden("the key would have, or has, permissions that this API key lacks")
        }
    }

    /// Throws 409 when nobody could administer the installation after `key` became `changed` (nil: removed).
    func requireAdministrator(after key: KeyRecord, becomes changed: KeyRecord?) async throws {
        guard try await isAdministrator(key) else { return }
        if let changed, try await isAdministrator(changed) { return }
        for other in try await api.catalog.keys() where other.id != key.id {
            if try await isAdministrator(other) { return }
        }
        throw APIError.conflict(
            "this is the last usable key with all permissions; create another one before removing or weakening it")
    }

    /// A key that will still work when nothing else is done.
    private func isAdministrator(_ key: KeyRecord) async throws -> Bool {
        guard key.isEnabled, key.expireAt.map({ $0 > api.now() }) ?? true else { return false }
        return try await RoleDirectory(api: api).permissions(of: key).covers(SystemRole.admin.permissions)
    }
}
