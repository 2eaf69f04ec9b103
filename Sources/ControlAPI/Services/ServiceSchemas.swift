internal import PipeCore

/// Shapes of services.
enum ServiceSchemas {
    static let service = ObjectSchema(
        "Service", "A ClickHouse that pipes write to: declared in Penstock's configuration, named and switched here.",
        fields: [
            Field("id", .uuid, "Id.", .readOnly), Field("name", .name(length: 1...50), "Name."),
            Field(
                "state",
                .oneOf(["provisioning", "running", "starting", "stopping", "stopped", "degraded", "failed", "terminated"]),
                "`terminated`: no longer in the configuration.", .readOnly),
            Field("clickhouseVersion", .string, "Version; absent until the server answered once.", .readOnly),
            Field("endpoints", .list(.object(endpoint)), "Where the server listens.", .readOnly),
            Field("createdAt", .dateTime, "When it was first seen.", .readOnly),
            Field("idleScaling", .boolean, "Always false: services do not go idle.", .readOnly),
            Field("ipAccessList", .list(.any), "Always empty: the server's own network rules apply.", .readOnly),
            Field("privateEndpointIds", .list(.string), "Always empty.", .readOnly),
            Field(
                "isEmbedded", .boolean, "Whether Penstock runs this server itself (Penstock); absent for one that is not configured.",
                .readOnly),
            Field("isPrimary", .boolean, "Always true.", .readOnly), Field("isReadonly", .boolean, "Always false.", .readOnly),
            Field("tags", .list(.any), "Always empty.", .readOnly),
            Field("enableCoreDumps", .boolean, "Always false.", .readOnly),
            Field("autoscalingMode", .oneOf(["vertical", "horizontal"]), "Always `vertical`.", [.readOnly, .required]),
            Field("currentScaling", .object(scaling), "Kept for compatibility.", [.readOnly, .required]),
        ])

    static let endpoint = ObjectSchema(
        "ServiceEndpoint", "One protocol of a server.",
        fields: [
            Field("protocol", .oneOf(["https", "nativesecure", "mysql"]), "`https` stands for plain HTTP too."),
            Field("host", .string, "Host name."), Field("port", .integer(0...65535), "Port."),
            Field("username", .string, "User of the service, where there is one."),
        ])

    static let scaling = ObjectSchema(
        "CurrentScaling", "Scaling in effect.",
        fields: [Field("effectiveAutoscalingMode", .oneOf(["vertical", "horizontal"]), "Always `vertical`.")])

    static let patch = ObjectSchema(
        "ServicePatchRequest", "What of a service can be changed here.",
        fields: [Field("name", .name(length: 1...50), "Name.")])

    static let state = ObjectSchema(
        "ServiceStatePatchRequest", "A command to a service.",
        fields: [
            Field("command", .oneOf(["start", "stop", "awake"]), "`stop` also stops the service's pipes until `start`.", .required)
        ])
}
