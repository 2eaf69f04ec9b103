package import PipeCore

extension KafkaConfiguration {
    /// The framing of this format. Throws ``PipeError`` where the configuration cannot work.
    package func makeFraming(_ options: FramingOptions) throws -> any MessageFraming {
        switch format {
        case .jsonEachRow: return JSONFraming(options: options, dropsSchemaHeader: schemaRegistry != nil)
        case .avro, .avroConfluent, .protobuf:
            throw PipeError(
                "SOURCE_NOT_SUPPORTED", .user, side: .source, "this build does not read \(format.rawValue) yet; use JSONEachRow")
        }
    }

    /// Checks what the format needs besides the brokers: the schema registry, the schema.
    package func probeFormat() async -> [Finding] { [] }
}
