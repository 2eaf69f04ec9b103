internal import PipeCore

/// Shapes of roles.
enum RoleSchemas {
    private static let tags = ObjectSchema(
        "RBACPolicyTags", "Kept with the policy; Penstock has no SQL console.",
        fields: [
            Field("grants", .list(.string), "Grants."),
            Field("roleV2", .oneOf(["sql-console-readonly", "sql-console-admin"]), "Console role."),
        ])

    private static let effect = Field("allowDeny", .oneOf(["ALLOW", "DENY"]), "A DENY outweighs every ALLOW.", .required)
    private static let permissions = Field(
        "permissions", .list(.text, count: 1...Int.max), "Permission strings, all of the organization or all of services.", .required)
    private static let resources = Field(
        "resources", .list(.text, count: 1...Int.max),
        "`organization/*`, `organization/<id>`, `instance/*` (all services) or `instance/<id>`.", .required)

    static let policyRequest = ObjectSchema(
        "RBACPolicyCreateRequest", "A policy of a role.",
        fields: [effect, permissions, resources, Field("tags", .object(tags), "Kept, without effect.")])

    static let policy = ObjectSchema(
        "RBACPolicy", "A policy of a role.",
        fields: [
            Field("id", .uuid, "Id."), Field("roleId", .uuid, "The role."), Field("tenantId", .string, "`organization/<id>`."),
            effect, permissions, resources, Field("tags", .object(tags), "Kept, without effect."),
        ])

    static let role = ObjectSchema(
        "RBACRole", "A set of policies that keys can have.",
        fields: [
            Field("id", .uuid, "Id."), Field("tenantId", .string, "`organization/<id>`."),
            Field("ownerId", .string, "`organization/<id>`."), Field("name", .string, "Name."),
            Field("type", .oneOf(["system", "custom"]), "System roles cannot be changed."),
            Field("actors", .list(.string), "Who has it: `apiKey/<id>`."),
            Field("policies", .list(.object(policy)), "What it allows."), Field("createdAt", .dateTime, "When it was made."),
            Field("updatedAt", .dateTime, "When it was last changed."),
        ])

    private static let name = Field("name", .name(length: 1...256), "Name, unique.", .required)
    private static let actors = Field("actors", .list(.text, unique: true), "`apiKey/<id>` of the keys that have it.", .required)
    private static let policies = Field("policies", .list(.object(policyRequest)), "What it allows and denies.", .required)

    static let create = ObjectSchema("RoleCreateRequest", "A new role.", fields: [name, actors, policies])
    static let patch = ObjectSchema(
        "RoleUpdateRequest", "What of a role can be changed; lists replace.", fields: [name, actors, policies])
}
