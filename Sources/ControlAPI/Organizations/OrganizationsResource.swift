private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// The one organization of the installation.
package struct OrganizationsResource: APIResource {
    let api: APIDependencies
    package init(api: APIDependencies) { self.api = api }

    private static let tag = "Organization"

    private static let schema = ObjectSchema(
        "Organization", "Everything of an installation belongs to its one organization.",
        fields: [
            Field("id", .uuid, "Id.", .readOnly), Field("createdAt", .dateTime, "When it was made.", .readOnly),
            Field("name", .name(length: 1...256), "Name."),
            Field("privateEndpoints", .list(.any), "Always empty.", .readOnly),
            Field("byocConfig", .list(.any), "Always empty.", .readOnly),
            Field("enableCoreDumps", .boolean, "Kept for compatibility; has no effect."),
        ])

    private static let patchSchema = ObjectSchema(
        "OrganizationPatchRequest", "What of an organization can be changed.",
        fields: schema.fields.filter { !$0.traits.contains(.readOnly) })

    package func addRoutes(to routes: inout RouteTable) {
        routes.add(
            .get, "/organizations", access: .anyKey,
            Operation("organizationGetList", "List the organizations of the key: exactly one", tag: Self.tag, result: .list(Self.schema))
        ) { _, context in
            try context.reply([try await document(organization())])
        }
        routes.get(
            APIPath.organization, permission: .viewOrganization,
            Operation("organizationGet", "Get the organization", tag: Self.tag, result: .object(Self.schema))
        ) { _, context in
            try context.reply(try await document(organization()))
        }
        routes.patch(
            APIPath.organization, permission: .manageOrganization,
            Operation(
                "organizationUpdate", "Change the organization", tag: Self.tag, body: .patch(Self.patchSchema),
                result: .object(Self.schema)), handler: update)
    }

    private func update(_ request: Request, _ context: APIContext) async throws -> Response {
        let body = try await checkedBody(request, context: context, Self.patchSchema, mode: .patch)
        let old = try await organization()
        let changed = try await api.catalog.updateOrganization { organization in
            if let name = body["name"]?.string { organization.name = name }
            if let enabled = body["enableCoreDumps"]?.bool { organization.enableCoreDumps = enabled }
        }
        guard let changed else { throw APIError.notFound("the organization does not exist") }
        if changed.name != old.name { await api.recordActivity("organization_update_name", by: context) }
        return try context.reply(document(changed))
    }

    private func organization() async throws -> OrganizationRecord {
        guard let organization = try await api.catalog.organization() else {
            throw APIError.notFound("the organization does not exist")
        }
        return organization
    }

    private func document(_ organization: OrganizationRecord) -> JSONValue {
        [
            "id": .string(organization.id), "createdAt": .string(WireDate.string(organization.createdAt)),
            "name": .string(organization.name), "privateEndpoints": [], "byocConfig": [],
            "enableCoreDumps": .bool(organization.enableCoreDumps),
        ]
    }
}
