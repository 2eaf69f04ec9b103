private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// What the rows of a source look like, before any pipe exists.
package struct SchemaDiscoveryResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        let source = ObjectSchema(
            "ClickPipeSchemaDiscoverySource", "Exactly one source.", fields: api.sources.kinds.map { Field($0.kind, .object($0.schema)) })
        routes.post(
            "\(APIPath.pipes)/schemaDiscovery", permission: .managePipes,
            Operation(
                "clickPipeSchemaDiscovery", "Read a sample of a source and infer its fields. No pipe is created.", tag: "ClickPipes",
                body: .create(
                    ObjectSchema(
                        "ClickPipeSchemaDiscoveryRequest", "A source to look at.",
                        fields: [Field("source", .object(source), "Where rows come from.", .required)])),
                result: .object(Self.response)), handler: discover)
    }

    private static let response = ObjectSchema(
        "ClickPipeSchemaDiscoveryResponse", "Fields of the source's rows.",
        fields: [
            Field(
                "fields",
                .list(
                    .object(
                        ObjectSchema(
                            "ClickPipeSchemaDiscoveryField",
                            fields: [
                                Field("name", .string, "Name of the field."), Field("type", .string, "ClickHouse type."),
                                Field("optional", .boolean, "Whether the field may be missing or null."),
                                Field(
                                    "examples", .list(.string),
                                    "Its values in the first rows, row by row; null is NULL. Values that are no text are as in JSON; long ones end with `…`."
                                ),
                            ]))), "Fields in the order of the sample."),
            Field("meta", .map(.string), "`examples`: why there are none. Else null."),
        ])

    @Sendable private func discover(_ request: Request, _ context: APIContext) async throws -> Response {
        let service = try await api.requireService(context)
        let body = try await jsonBody(request, context: context)
        var problems: [Problem] = []
        let arm = SourceArm.find(in: body["source"], of: api.sources, problems: &problems)
        let checked = arm?.created(for: PipeID(UUID().uuidString.lowercased()), problems: &problems)
        try InvalidConfiguration.check(problems)
        guard let checked else { throw APIError.badRequest("source could not be read") }
        let source = try checked.runnable(in: api.sources)
        try await api.requireRunning(service.id, "schema discovery is possible only")
        let schema = try await api.inspection(context).discover(source, examples: 3, service: service.id)
        return try context.reply([
            "fields": .array(schema.fields.map(Self.document)),
            "meta": schema.examplesProblem.map { ["examples": .string($0)] } ?? .null,
        ])
    }

    private static func document(_ field: DiscoveredField) -> JSONValue {
        [
            "name": .string(field.name), "type": .string(field.type), "optional": .bool(field.isOptional),
            "examples": .array(field.examples.map { $0.map(JSONValue.string) ?? .null }),
        ]
    }
}
