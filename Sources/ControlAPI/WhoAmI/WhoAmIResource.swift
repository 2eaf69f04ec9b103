private import Catalog
private import HTTPTypes
private import PipeCore

/// Tells a key who it is; the official command line binds its own key to query endpoints with it.
package struct WhoAmIResource: APIResource {
    let api: APIDependencies
    package init(api: APIDependencies) { self.api = api }

    private static let schema = ObjectSchema(
        "WhoAmI", "The key behind the request.",
        fields: [
            Field("actorType", .oneOf(["apiKey"]), "Always `apiKey`."), Field("keyId", .uuid, "Resource id of the key."),
            Field("name", .string, "Name of the key."), Field("organizationId", .uuid, "Its organization."),
        ])

    package func addRoutes(to routes: inout RouteTable) {
        routes.add(
            .get, "/whoami", access: .anyKey,
            Operation("whoAmI", "Get the key behind the request", tag: "OpenAPI", result: .object(Self.schema))
        ) { _, context in
            let key = try context.requireCaller().key
            return try context.reply([
                "actorType": "apiKey", "keyId": .string(key.id), "name": .string(key.name),
                "organizationId": .string(api.organizationID),
            ])
        }
    }
}
