package import Catalog
package import PipeCore

/// What roles mean.
package struct RoleDirectory: Sendable {
    let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    /// The sum of a key's deprecated and assigned roles. A role that is gone grants nothing.
    package func permissions(of key: KeyRecord) async throws -> PermissionSet {
        let isCustom = key.assignedRoleIDs.contains { SystemRole(rawValue: $0) == nil }
        return Self.permissions(of: key, roles: isCustom ? try await api.catalog.roles() : [])
    }

    /// Names of the custom roles by id.
    package func customNames() async throws -> [String: String] {
        Dictionary(try await api.catalog.roles().map { ($0.id, $0.name) }) { first, _ in first }
    }

    /// The same with `roles` as the custom roles there are.
    package static func permissions(of key: KeyRecord, roles: [RoleRecord]) -> PermissionSet {
        var result = PermissionSet()
        for role in key.roles.compactMap(SystemRole.init(deprecatedName:)) { result.formUnion(role.permissions) }
        for role in key.assignedRoleIDs.compactMap(SystemRole.init(rawValue:)) { result.formUnion(role.permissions) }
        for role in roles where key.assignedRoleIDs.contains(role.id) { result.formUnion(PermissionSet(policies: role.policies)) }
        return result
    }
}

extension PermissionSet {
    /// Reads stored `RBACPolicy` documents. Permissions without effect and resources of other kinds are passed over.
    package init(policies: JSONValue) {
        self.init()
        for policy in policies.array ?? [] {
            let permissions = (policy["permissions"]?.array ?? []).compactMap(\.string).compactMap(Permission.init(rawValue:))
            let resources = (policy["resources"]?.array ?? []).compactMap(\.string).compactMap(Resource.init(text:))
            if policy["allowDeny"] == "DENY" {
                deny(permissions, on: resources)
            } else {
                allow(permissions, on: resources)
            }
        }
    }
}

extension PermissionSet.Resource {
    /// `organization/*`, `organization/<uuid>`, `instance/*` or `instance/<uuid>`.
    package init?(text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[1] == "*" || UUIDText.isValid(String(parts[1])) else { return nil }
        switch parts[0] {
        case "organization": self = .organization
        case "instance": self = parts[1] == "*" ? .allServices : .service(parts[1].lowercased())
        default: return nil
        }
    }
}
