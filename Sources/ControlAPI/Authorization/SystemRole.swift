/// The roles every installation has. Their ids never change.
package enum SystemRole: String, Sendable, CaseIterable {
    /// Everything.
    case admin = "00000000-0000-4000-8000-000000000001"
    /// Sees everything, also by reading SQL in the console, manages pipes; no keys, roles or organization settings.
    case developer = "00000000-0000-4000-8000-000000000002"
    /// Runs query endpoints, nothing else.
    case queryEndpoints = "00000000-0000-4000-8000-000000000003"

    package var name: String {
        switch self {
        case .admin: "Admin"
        case .developer: "Developer"
        case .queryEndpoints: "Query endpoints"
        }
    }

    /// The word of the deprecated `roles` list of a key.
    package var deprecatedName: String {
        switch self {
        case .admin: "admin"
        case .developer: "developer"
        case .queryEndpoints: "query_endpoints"
        }
    }

    package init?(deprecatedName: String) {
        guard let role = Self.allCases.first(where: { $0.deprecatedName == deprecatedName }) else { return nil }
        self = role
    }

    /// What the role allows.
    package var granted: [Permission] {
        switch self {
        case .admin: Permission.allCases
        case .developer: [.viewOrganization, .viewActivities, .viewKeys, .viewRoles, .viewService, .managePipes, .useSQLConsole]
        case .queryEndpoints: [.runQueryEndpoints]
        }
    }

    package var permissions: PermissionSet {
        var permissions = PermissionSet()
        permissions.allow(granted.filter { !$0.isOfService }, on: [.organization])
        permissions.allow(granted.filter(\.isOfService), on: [.allServices])
        return permissions
    }
}
