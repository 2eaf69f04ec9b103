internal import PipeCore

/// A writer's schema, ready to frame: how to walk its datums, and the head of the container that ClickHouse gets.
final class AvroWriterSchema: Sendable {
    let schema: AvroSchema
    let header: [UInt8]

    /// Constant: a repeated batch must have the same bytes. Any 16 bytes do, since a container of ours has one block.
    static let sync: [UInt8] = Array("penstock-avro-16".utf8)

    init(_ text: [UInt8], added: AddedFields) throws(AvroSchema.Fault) {
        schema = try AvroSchema(text)
        header = AvroContainer.header(schema: try AvroSchemaText.prepending(added.avro, to: text), sync: Self.sync)
    }

    var framing: RowLayout.Framing { .avroBlock(header: header, sync: Self.sync) }

    /// A mapped field that a schema does not have is the column's zero value, as with ClickHouse's own formats that carry names.
    static let parserSettings = ["input_format_avro_allow_missing_fields": "1"]
}
