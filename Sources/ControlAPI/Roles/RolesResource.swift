private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// System and custom roles.
package struct RolesResource: APIResource {
    let api: APIDependencies
    package init(api: APIDependencies) { self.api = api }

    private static let tag = "Role Management"

    package func addRoutes(to routes: inout RouteTable) {
        let roles = "\(APIPath.organization)/roles"
        routes.get(
            roles, permission: .viewRoles,
            Operation("organizationRolesGetList", "List system and custom roles", tag: Self.tag, result: .list(RoleSchemas.role))
        ) { _, context in
            let keys = try await api.catalog.keys()
            let made = try await api.catalog.organization()?.createdAt ?? api.now()
            let custom = try await api.catalog.roles()
            return try context.reply(.array(SystemRole.allCases.map { document($0, keys, made) } + custom.map { document($0, keys) }))
        }
        routes.post(
            roles, permission: .manageOrganization,
            Operation(
                "organizationRolePost", "Create a custom role", tag: Self.tag, body: .create(RoleSchemas.create),
                result: .object(RoleSchemas.role)), handler: create)
        routes.get(
            "\(roles)/{roleId}", permission: .viewRoles,
            Operation("organizationRoleGet", "Get a role", tag: Self.tag, result: .object(RoleSchemas.role)), handler: get)
        routes.patch(
            "\(roles)/{roleId}", permission: .manageOrganization,
            Operation(
                "organizationRolePatch", "Change a custom role", tag: Self.tag, body: .patch(RoleSchemas.patch),
                result: .object(RoleSchemas.role)), handler: update)
        routes.delete(
            "\(roles)/{roleId}", permission: .manageOrganization,
            Operation("organizationRoleDelete", "Delete a custom role", tag: Self.tag, result: .nothing), handler: delete)
    }

    private func get(_ request: Request, _ context: APIContext) async throws -> Response {
        let keys = try await api.catalog.keys()
        if let role = SystemRole(rawValue: try context.uuid("roleId")) {
            return try context.reply(document(role, keys, try await api.catalog.organization()?.createdAt ?? api.now()))
        }
        return try context.reply(document(try await requireRole(context), keys))
    }

    private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let body = try await checkedBody(request, context: context, RoleSchemas.create, mode: .create)
        let id = UUID().uuidString.lowercased()
        let name = body["name"]?.string ?? ""
        try await requireFree(name, except: nil)
        let reader = PolicyReader(organizationID: api.organizationID)
        let policies = try reader.policies(body["policies"]?.array ?? [], role: id)
        let actors = try reader.actors(texts(body["actors"]), keys: Set(try await api.catalog.keys().map(\.id)))
        try requireCover(policies, context)
        let role = RoleRecord(
            id: id, name: name, actors: actors.others, policies: policies, createdAt: api.now(), updatedAt: api.now())
        let holders = try await assignment(of: role, to: actors.keys, context)
        try await api.catalog.create(role)
        try await assign(id, holders)
        await api.recordActivity("role_create", by: context, target: id)
        return try context.reply(document(role, try await api.catalog.keys()))
    }

    private func update(_ request: Request, _ context: APIContext) async throws -> Response {
        let old = try await requireRole(context)
        let body = try await checkedBody(request, context: context, RoleSchemas.patch, mode: .patch)
        let name = body["name"]?.string
        if let name { try await requireFree(name, except: old.id) }
        let reader = PolicyReader(organizationID: api.organizationID)
        let policies = try body["policies"]?.array.map { try reader.policies($0, role: old.id) }
        let known = Set(try await api.catalog.keys().map(\.id))
        let actors = try body["actors"].map { try reader.actors(texts($0), keys: known) }
        try requireCover(old.policies, context)
        try requireDenials(old.policies, context)
        try requireCover(policies ?? old.policies, context)
        let now = api.now()
        var planned = old
        if let policies { planned.policies = policies }
        let holders = try await assignment(of: planned, to: actors?.keys, context)
        let new = try await api.catalog.updateRole(old.id) { role in
            if let name { role.name = name }
            if let policies { role.policies = policies }
            if let actors { role.actors = actors.others }
            role.updatedAt = now
        }
        guard let new else { throw missing(old.id) }
        try await assign(old.id, holders)
        await api.recordActivity("role_update", by: context, target: old.id)
        return try context.reply(document(new, try await api.catalog.keys()))
    }

    private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let role = try await requireRole(context)
        try requireCover(role.policies, context)
        try requireDenials(role.policies, context)
        // Keys lose it first: an id that no role has grants nothing.
        try await assign(role.id, assignment(of: role, to: [], context))
        guard try await api.catalog.deleteRole(role.id) else { throw missing(role.id) }
        await api.recordActivity("role_delete", by: context, target: role.id)
        return try context.reply(nil)
    }

    /// The keys that change when exactly `keys` have the role, as they will be; nil leaves the holders as they are.
    ///
    /// Throws 403 when one of them may do more than the caller, 409 when no administrator would be left.
    private func assignment(of role: RoleRecord, to keys: Set<String>?, _ context: APIContext) async throws -> [KeyRecord] {
        let authority = KeyAuthority(api: api)
        let all = try await api.catalog.keys()
        var changed: [String: KeyRecord] = [:]
        if let keys {
            for key in all where keys.contains(key.id) != key.assignedRoleIDs.contains(role.id) {
                try await authority.requireCover(of: key, by: context.requireCaller())
                changed[key.id] = key.with(role: role.id, keys.contains(key.id))
            }
        }
        let roles = try await api.catalog.roles().filter { $0.id != role.id } + [role]
        try await authority.requireAdministrator(keys: all.map { changed[$0.id] ?? $0 }, roles: roles)
        return Array(changed.values)
    }

    private func assign(_ role: String, _ holders: [KeyRecord]) async throws {
        for planned in holders {
            let has = planned.assignedRoleIDs.contains(role)
            _ = try await api.catalog.updateKey(planned.id) { $0 = $0.with(role: role, has) }
        }
    }

    private func requireRole(_ context: APIContext) async throws -> RoleRecord {
        let id = try context.uuid("roleId")
        if SystemRole(rawValue: id) != nil { throw APIError.badRequest("system roles cannot be changed or deleted") }
        guard let role = try await api.catalog.roles().first(where: { $0.id == id }) else { throw missing(id) }
        return role
    }

    private func missing(_ id: String) -> APIError { .notFound("role \(id) does not exist") }

    private func requireFree(_ name: String, except id: String?) async throws {
        let names = try await api.catalog.roles().filter { $0.id != id }.map(\.name) + SystemRole.allCases.map(\.name)
        if names.contains(where: { $0.lowercased() == name.lowercased() }) {
            throw APIError.conflict("a role with this name exists already")
        }
    }

    /// Throws 403 when the policies allow more than the caller may do.
    private func requireCover(_ policies: JSONValue, _ context: APIContext) throws {
        guard try context.requireCaller().permissions.covers(PermissionSet(policies: policies)) else {
            throw APIError.forbidden("the role allows things that this API key may not do")
        }
    }

    /// Throws 403 when the policies deny something to the caller: nobody lifts what binds them.
    private func requireDenials(_ policies: JSONValue, _ context: APIContext) throws {
        guard try context.requireCaller().permissions.coversDenials(of: PermissionSet(policies: policies)) else {
            throw APIError.forbidden("the role denies things that this API key may not do")
        }
    }

    private func texts(_ value: JSONValue?) -> [String] { (value?.array ?? []).compactMap(\.string) }

    private func document(_ role: RoleRecord, _ keys: [KeyRecord]) -> JSONValue {
        let holders = keys.filter { $0.assignedRoleIDs.contains(role.id) }
        return document(
            id: role.id, name: role.name, type: "custom", actors: holders.map { "apiKey/\($0.id)" } + role.actors,
            policies: role.policies, createdAt: role.createdAt, updatedAt: role.updatedAt)
    }

    private func document(_ role: SystemRole, _ keys: [KeyRecord], _ made: Date) -> JSONValue {
        let holders = keys.filter { $0.roles.contains(role.deprecatedName) || $0.assignedRoleIDs.contains(role.rawValue) }
        let parts = [
            ("1", role.granted.filter { !$0.isOfService }, "organization/*"), ("2", role.granted.filter(\.isOfService), "instance/*"),
        ]
        let policies = parts.filter { !$0.1.isEmpty }.map { part, permissions, resource -> JSONValue in
            [
                "id": .string("\(role.rawValue.prefix(24))\(part)\(role.rawValue.suffix(11))"), "roleId": .string(role.rawValue),
                "tenantId": .string(tenant), "allowDeny": "ALLOW",
                "permissions": .array(permissions.map { .string($0.rawValue) }), "resources": [.string(resource)],
            ]
        }
        return document(
            id: role.rawValue, name: role.name, type: "system", actors: holders.map { "apiKey/\($0.id)" },
            policies: .array(policies), createdAt: made, updatedAt: made)
    }

    private var tenant: String { "organization/\(api.organizationID)" }

    private func document(
        id: String, name: String, type: String, actors: [String], policies: JSONValue, createdAt: Date, updatedAt: Date
    ) -> JSONValue {
        [
            "id": .string(id), "tenantId": .string(tenant), "ownerId": .string(tenant), "name": .string(name),
            "type": .string(type), "actors": .array(actors.map { .string($0) }), "policies": policies,
            "createdAt": .string(WireDate.string(createdAt)), "updatedAt": .string(WireDate.string(updatedAt)),
        ]
    }
}

extension KeyRecord {
    fileprivate func with(role: String, _ has: Bool) -> KeyRecord {
        var copy = self
        copy.assignedRoleIDs.removeAll { $0 == role }
        if has { copy.assignedRoleIDs.append(role) }
        return copy
    }
}
