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
        let keys = try await api.catalog.keys().compactMap { $0.id == key.id ? changed : $0 }
        try await requireAdministrator(keys: keys, roles: try await api.catalog.roles())
    }

    /// Throws 409 when none of these keys could administer the installation with these custom roles, and one of those that
    /// there are now can.
    func requireAdministrator(keys: [KeyRecord], roles: [RoleRecord]) async throws {
        if keys.contains(where: { isAdministrator($0, roles: roles) }) { return }
        let current = try await api.catalog.roles()
        guard try await api.catalog.keys().contains(where: { isAdministrator($0, roles: current) }) else { return }
        throw APIError.conflict(
            "the last usable key with all permissions would be gone or weaker; create another one first")
    }

    /// A key that will still work when nothing else is done.
    private func isAdministrator(_ key: KeyRecord, roles: [RoleRecord]) -> Bool {
        guard key.isEnabled, key.expireAt.map({ $0 > api.now() }) ?? true else { return false }
        return RoleDirectory.permissions(of: key, roles: roles).covers(SystemRole.admin.permissions)
    }
}
