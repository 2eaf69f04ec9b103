/// What a key may do. Raw values are the permission strings of the contract's role policies; those marked (ours) name things
/// that the contract has no word for.
package enum Permission: String, Sendable, Hashable, CaseIterable {
    case viewOrganization = "control-plane:organization:view"
    /// Also custom roles.
    case manageOrganization = "control-plane:organization:manage"
    case viewActivities = "control-plane:organization:view-activities"
    case viewKeys = "control-plane:organization:view-api-keys"
    case createKeys = "control-plane:organization:create-api-keys"
    case updateKeys = "control-plane:organization:update-api-keys"
    case deleteKeys = "control-plane:organization:delete-api-keys"
    /// (ours)
    case viewRoles = "control-plane:organization:view-roles"

    case viewService = "control-plane:service:view"
    case manageService = "control-plane:service:manage"
    /// (ours)
    case viewPipes = "control-plane:service:view-clickpipes"
    case managePipes = "control-plane:service:manage-clickpipes"
    case viewQueryEndpoints = "control-plane:service:view-query-api-endpoints"
    case manageQueryEndpoints = "control-plane:service:manage-query-api-endpoints"
    /// (ours)
    case runQueryEndpoints = "control-plane:service:run-query-api-endpoints"

    /// SQL of one's own in the console: whatever the key's rights on ClickHouse objects are, reading only without ``manageService``.
    case useSQLConsole = "sql-console:database:access"

    /// Whether the permission is held on services rather than on the organization.
    package var isOfService: Bool { !rawValue.hasPrefix("control-plane:organization:") }

    /// What comes with this permission, itself included.
    package var implied: Set<Permission> {
        switch self {
        case .manageOrganization: [.manageOrganization, .viewOrganization, .viewRoles]
        case .createKeys: [.createKeys, .viewKeys]
        case .updateKeys: [.updateKeys, .viewKeys]
        case .deleteKeys: [.deleteKeys, .viewKeys]
        case .viewService: [.viewService, .viewPipes, .viewQueryEndpoints]
        case .manageService:
            [
                .manageService, .viewService, .viewPipes, .managePipes, .viewQueryEndpoints, .manageQueryEndpoints,
                .runQueryEndpoints,
            ]
        case .managePipes: [.managePipes, .viewPipes]
        case .manageQueryEndpoints: [.manageQueryEndpoints, .viewQueryEndpoints]
        default: [self]
        }
    }

    /// Permissions of the contract for things that Penstock does not have: stored in policies, without effect.
    package static let withoutEffect: Set<String> = [
        "control-plane:organization:manage-billing", "control-plane:organization:view-billing",
        "control-plane:organization:create-service", "control-plane:support:manage", "control-plane:service:view-backups",
        "control-plane:service:manage-backups", "control-plane:service:manage-ip-access-list",
        "control-plane:service:manage-generative-ai", "control-plane:service:view-private-endpoints",
        "control-plane:service:manage-private-endpoints", "control-plane:service:view-scaling-config",
        "control-plane:service:manage-scaling-config", "control-plane:service:manage-clickstack-api",
    ]
}
