package import PipeCore

extension KafkaConfiguration {
    /// The framing of this format. Throws ``PipeError`` where the configuration cannot work.
    package func makeFraming(_ options: FramingOptions) throws -> any MessageFraming {
        switch format {
        case .jsonEachRow: return JSONFraming(options: options, dropsSchemaHeader: schemaRegistry != nil)
        case .avro: return AvroFraming(options: options)
        case .avroConfluent:
            guard let registry = try SchemaRegistry.Access(schemaRegistry) else { throw Self.withoutSchema("schemaRegistry") }
            return AvroRegistryFraming(options: options, source: registry.source, header: registry.header, hasPin: registry.hasPin)
        case .protobuf:
            if let protobufSchema { return try ProtobufFraming(options: options, base64: protobufSchema) }
            guard let registry = try SchemaRegistry.Access(schemaRegistry) else {
                throw Self.withoutSchema("schemaRegistry or protobufSchema")
            }
            guard schemaRegistry?.type != .glue else {
                throw PipeError(
                    .sourceSchema, .user, side: .source,
                    "Protobuf with a Glue registry is not supported: use protobufSchema, or a registry with Confluent's API")
            }
            return ProtobufFraming(options: options, source: registry.source, hasPin: registry.hasPin)
        }
    }

    private static func withoutSchema(_ what: String) -> PipeError {
        PipeError(.sourceSchema, .user, side: .source, "the format needs a schema: give \(what)")
    }

    /// Checks what the format needs besides the brokers: the schema registry, the schema.
    package func probeFormat() async -> [Finding] { await FormatProbe(self).findings() }
}
