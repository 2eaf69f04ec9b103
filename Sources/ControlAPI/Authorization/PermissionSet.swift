/// Everything a key may do: the sum of its roles' policies.
///
/// A permission is held on a resource when some policy allows it there and none denies it there. An ALLOW brings what the
/// permission implies; a DENY takes exactly the permissions it names.
package struct PermissionSet: Sendable, Hashable {
    /// What a policy reaches.
    package enum Resource: Sendable, Hashable {
        /// `organization/*` or `organization/<id>`; covers all services too.
        case organization
        /// `instance/*`
        case allServices
        /// `instance/<id>`
        case service(String)

        /// Whether whoever holds something on this resource holds it on `other`.
        func covers(_ other: Resource) -> Bool {
            self == other || self == .organization || (self == .allServices && other != .organization)
        }

        /// Whether the two have anything in common.
        func touches(_ other: Resource) -> Bool { covers(other) || other.covers(self) }
    }

    package struct Grant: Sendable, Hashable {
        package var permission: Permission
        package var resource: Resource
    }

    package private(set) var allowed: Set<Grant> = []
    package private(set) var denied: Set<Grant> = []

    package init() {}

    package mutating func allow(_ permissions: some Sequence<Permission>, on resources: some Sequence<Resource>) {
        for resource in resources {
            for permission in permissions.lazy.flatMap(\.implied) { allowed.insert(Grant(permission: permission, resource: resource)) }
        }
    }

    package mutating func deny(_ permissions: some Sequence<Permission>, on resources: some Sequence<Resource>) {
        for resource in resources {
            for permission in permissions { denied.insert(Grant(permission: permission, resource: resource)) }
        }
    }

    package mutating func formUnion(_ other: PermissionSet) {
        allowed.formUnion(other.allowed)
        denied.formUnion(other.denied)
    }

    /// Whether the permission is held on all of `resource`.
    package func allows(_ permission: Permission, on resource: Resource) -> Bool {
        allowed.contains { $0.permission == permission && $0.resource.covers(resource) }
            && !denied.contains { $0.permission == permission && $0.resource.touches(resource) }
    }

    /// Whether the permission is held on the service, or for an organization's permission on the organization.
    package func allows(_ permission: Permission, service: String?) -> Bool {
        guard permission.isOfService else { return allows(permission, on: .organization) }
        return allows(permission, on: service.map { .service($0) } ?? .allServices)
    }

    /// Whether the permission is held on any service at all: lists show only what may be seen.
    package func allowsSomewhere(_ permission: Permission) -> Bool { allowed.contains { $0.permission == permission } }

    /// Whether the set holds everything that `other` takes away: whoever is bound by a denial may not lift it.
    package func coversDenials(of other: PermissionSet) -> Bool {
        other.denied.allSatisfy { allows($0.permission, on: $0.resource) }
    }

    /// Whether holding this set is enough to give `other` away. Denials of `other` are ignored: they only make it smaller.
    package func covers(_ other: PermissionSet) -> Bool {
        other.allowed.allSatisfy { allows($0.permission, on: $0.resource) }
    }
}
