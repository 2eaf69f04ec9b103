private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// API keys.
package struct KeysResource: APIResource {
    let api: APIDependencies
    private let authority: KeyAuthority

    package init(api: APIDependencies) {
        self.api = api
        authority = KeyAuthority(api: api)
    }

    private static let tag = "OpenAPI"

    package func addRoutes(to routes: inout RouteTable) {
        let keys = "\(APIPath.organization)/keys"
        routes.get(
            keys, permission: .viewKeys,
            Operation(
                "openapiKeyGetList", "List API keys", tag: Self.tag, query: Page.parameters, result: .list(KeySchemas.key),
                envelope: Page.envelope), handler: list)
        routes.post(
            keys, permission: .createKeys,
            Operation(
                "openapiKeyCreate", "Create an API key", tag: Self.tag, body: .create(KeySchemas.create),
                result: .object(KeySchemas.created)), handler: create)
        routes.get(
            "\(keys)/{keyId}", permission: .viewKeys,
            Operation("openapiKeyGet", "Get an API key", tag: Self.tag, result: .object(KeySchemas.key))
        ) { _, context in
            try context.reply(await document(of: requireKey(context)))
        }
        routes.patch(
            "\(keys)/{keyId}", permission: .updateKeys,
            Operation(
                "openapiKeyUpdate", "Change an API key", tag: Self.tag, body: .patch(KeySchemas.patch),
                result: .object(KeySchemas.key)), handler: update)
        routes.delete(
            "\(keys)/{keyId}", permission: .deleteKeys,
            Operation("openapiKeyDelete", "Delete an API key", tag: Self.tag, result: .nothing), handler: delete)
    }

    private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let page = try Page(request)
        let names = try await RoleDirectory(api: api).customNames()
        let (keys, envelope) = page.cut(try await api.catalog.keys()) { "\(WireDate.string($0.createdAt)) \($0.id)" }
        return try context.reply(.array(keys.map { document($0, names) }), extra: envelope)
    }

    private func create(_ request: Request, _ context: APIContext) async throws -> Response {
        let caller = try context.requireCaller()
        let body = try await checkedBody(request, context: context, KeySchemas.create, mode: .create)
        let change = try KeyChange(body)
        if let expireAt = change.expireAt ?? nil { try requireFuture(expireAt) }
        try await authority.requireRoles(change.assignedRoleIDs ?? [])
        let issued = body["hashData"] == nil ? KeyIssuer.issue() : nil
        var key: KeyRecord
        if let issued {
            key = issued.record(name: change.name ?? "", createdAt: api.now())
        } else {
            key = try brought(body["hashData"] ?? .null, name: change.name ?? "")
        }
        change.apply(to: &key)
        // Both lists of a new key are as sent.
        key.roles = change.roles ?? []
        try await authority.requireCover(of: key, by: caller)
        if try await api.catalog.key(idHash: key.keyIDHash) != nil {
            throw APIError.conflict("a key with this hashData.keyIdHash exists already")
        }
        try await api.catalog.create(key)
        await api.recordActivity("key_create", by: context, target: key.id, keyUpdateType: "created")
        var result: JSONValue = ["key": try await document(of: key)]
        if let issued {
            result["keyId"] = .string(issued.keyID)
            result["keySecret"] = .string(issued.keySecret)
        }
        return try context.reply(result, headers: [.cacheControl: "no-store"])
    }

    /// A key of which the client sent hashes only.
    private func brought(_ hashData: JSONValue, name: String) throws -> KeyRecord {
        var problems: [Problem] = []
        func hash(_ field: String) -> String {
            let text = hashData[field]?.string ?? ""
            if Data(base64Encoded: text)?.count != 32 {
                problems.append(Problem("hashData.\(field)", "must be the base64 form of a SHA-256 digest, 44 characters"))
            }
            return text
        }
        let key = KeyRecord(
            id: UUID().uuidString.lowercased(), name: name, keyIDHash: hash("keyIdHash"),
            keySuffix: hashData["keyIdSuffix"]?.string ?? "", secretHash: hash("keySecretHash"), createdAt: api.now())
        try InvalidConfiguration.check(problems)
        return key
    }

    private func update(_ request: Request, _ context: APIContext) async throws -> Response {
        let caller = try context.requireCaller()
        let old = try await requireKey(context)
        let body = try await checkedBody(request, context: context, KeySchemas.patch, mode: .patch, clearable: ["expireAt"])
        let change = try KeyChange(body)
        if let expireAt = change.expireAt ?? nil, expireAt != old.expireAt { try requireFuture(expireAt) }
        try await authority.requireRoles(change.assignedRoleIDs ?? [])
        try await authority.requireCover(of: old, by: caller)
        var wanted = old
        change.apply(to: &wanted)
        if change.touchesRoles { try await authority.requireCover(of: wanted, by: caller) }
        try await authority.requireAdministrator(after: old, becomes: wanted)
        guard let new = try await api.catalog.updateKey(old.id, { change.apply(to: &$0) }) else { throw missing(old.id) }
        if !new.isEnabled { api.sessions.close(keyID: new.id) }
        for type in KeyChange.updateTypes(from: old, to: new) {
            await api.recordActivity("openapi_key_update", by: context, target: new.id, keyUpdateType: type)
        }
        return try context.reply(await document(of: new))
    }

    private func delete(_ request: Request, _ context: APIContext) async throws -> Response {
        let key = try await requireKey(context)
        try await authority.requireCover(of: key, by: context.requireCaller())
        try await authority.requireAdministrator(after: key, becomes: nil)
        guard try await api.catalog.deleteKey(key.id) else { throw missing(key.id) }
        api.sessions.close(keyID: key.id)
        await api.recordActivity("key_delete", by: context, target: key.id, keyUpdateType: "deleted")
        return try context.reply(nil)
    }

    private func requireFuture(_ expireAt: Date) throws {
        if expireAt <= api.now() { throw APIError.badRequest("expireAt must be in the future") }
    }

    private func requireKey(_ context: APIContext) async throws -> KeyRecord {
        let id = try context.uuid("keyId")
        guard let key = try await api.catalog.key(id) else { throw missing(id) }
        return key
    }

    private func missing(_ id: String) -> APIError { .notFound("API key \(id) does not exist") }

    private func document(of key: KeyRecord) async throws -> JSONValue {
        document(key, try await RoleDirectory(api: api).customNames())
    }

    /// `names` are those of the custom roles by id.
    private func document(_ key: KeyRecord, _ names: [String: String]) -> JSONValue {
        let system = SystemRole.allCases.filter { key.roles.contains($0.deprecatedName) || key.assignedRoleIDs.contains($0.rawValue) }
        var roles = system.map { role -> JSONValue in
            ["roleId": .string(role.rawValue), "roleName": .string(role.name), "roleType": "system"]
        }
        for id in key.assignedRoleIDs {
            guard let name = names[id] else { continue }
            roles.append(["roleId": .string(id), "roleName": .string(name), "roleType": "custom"])
        }
        return [
            "id": .string(key.id), "name": .string(key.name), "state": key.isEnabled ? "enabled" : "disabled",
            "roles": .array(key.roles.map { .string($0) }), "assignedRoles": .array(roles), "keySuffix": .string(key.keySuffix),
            "createdAt": .string(WireDate.string(key.createdAt)),
            "expireAt": key.expireAt.map { .string(WireDate.string($0)) } ?? .null,
            "usedAt": key.usedAt.map { .string(WireDate.string($0)) } ?? .null,
            "ipAccessList": .array(
                key.ipAccessList.map { ["source": .string($0.source), "description": .string($0.description)] }),
        ]
    }
}
