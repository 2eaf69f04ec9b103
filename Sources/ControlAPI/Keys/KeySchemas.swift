internal import PipeCore

/// Shapes of API keys.
enum KeySchemas {
    static let access = ObjectSchema(
        "IpAccessListEntry", "An address or a range that a key may be used from.",
        fields: [
            Field("source", .text, "IPv4 or IPv6 address or CIDR range.", .required),
            Field("description", .string, "What it is.", default: ""),
        ])

    static let assignedRole = ObjectSchema(
        "AssignedRole", "A role of a key.",
        fields: [
            Field("roleId", .uuid, "Id."), Field("roleName", .string, "Name."),
            Field("roleType", .oneOf(["system", "custom"]), "Predefined or made here."),
        ])

    static let hashData = ObjectSchema(
        "ApiKeyHashData", "Hashes of a key that its owner made: base64 of SHA-256.",
        fields: [
            Field("keyIdHash", .text, "Hash of the key id.", .required),
            Field("keyIdSuffix", .text(length: 4...4), "Last four characters of the key id.", .required),
            Field("keySecretHash", .text, "Hash of the key secret.", .required),
        ])

    private static let name = Field("name", .name(length: 1...256), "Name.")
    private static let state = Field("state", .oneOf(["enabled", "disabled"]), "A disabled key is refused.")
    private static let roles = Field(
        "roles", .list(.oneOf(SystemRole.allCases.map(\.deprecatedName))), "Deprecated: short names of system roles.")
    private static let assignedRoleIDs = Field("assignedRoleIds", .list(.uuid, unique: true), "System and custom roles.")
    private static let expireAt = Field("expireAt", .dateTime, "When it stops working; absent: never.", .emptyIsUnset)
    private static let accessList = Field(
        "ipAccessList", .list(.object(access)), "Where the key may be used from. Empty: everywhere.")

    static let key = ObjectSchema(
        "ApiKey", "An API key. Its secret is never shown again after it was made.",
        fields: [
            Field("id", .uuid, "Resource id; not the key id."), name, state, roles,
            Field("assignedRoles", .list(.object(assignedRole)), "All roles of the key."),
            Field("keySuffix", .string, "Last four characters of the key id."),
            Field("createdAt", .dateTime, "When it was made."), expireAt,
            Field("usedAt", .dateTime, "Last use, to the minute; absent: never."), accessList,
        ])

    static let create = ObjectSchema(
        "ApiKeyPostRequest", "A new key.",
        fields: [
            Field(name.name, name.schema, name.summary, .required), expireAt,
            Field(state.name, state.schema, state.summary, default: "enabled"),
            Field("hashData", .object(hashData), "Bring your own key: its id and secret are then not in the answer."), roles,
            assignedRoleIDs, accessList,
        ])

    static let patch = ObjectSchema(
        "ApiKeyPatchRequest", "What of a key can be changed; a null `expireAt` means never.",
        fields: [name, roles, assignedRoleIDs, expireAt, state, accessList])

    static let created = ObjectSchema(
        "ApiKeyPostResponse", "A new key, in the clear for the only time.",
        fields: [
            Field("key", .object(key), "The key."), Field("keyId", .string, "User name; absent with `hashData`."),
            Field("keySecret", .string, "Password; absent with `hashData`."),
        ])
}
