internal import PipeCore

/// The text of a writer's schema, changed only where fields are added: order, documentation and unknown attributes stay.
enum AvroSchemaText {
    /// Adds fields in front of those of the top-level record. A schema of another kind becomes a record with the field `value`.
    /// - Parameters:
    ///   - schema: JSON that ``AvroSchema`` has accepted.
    ///   - fields: JSON of each.
    static func prepending(_ fields: [String], to schema: [UInt8]) throws(AvroSchema.Fault) -> [UInt8] {
        let parsed = try AvroSchema(schema)
        guard parsed.isRecord else {
            let all = fields + [#"{"name":"value","type":"# + String(decoding: schema, as: UTF8.self) + "}"]
            return Array(#"{"type":"record","name":"penstock_message","fields":[\#(all.joined(separator: ","))]}"#.utf8)
        }
        if fields.isEmpty { return schema }
        guard let place = firstField(schema) else {
            throw AvroSchema.Fault(description: "the fields of the schema's record were not found")
        }
        let isFollowed = schema[place...].first { !isBlank($0) } != UInt8(ascii: "]")
        return schema[..<place] + Array(fields.joined(separator: ",").utf8) + (isFollowed ? [UInt8(ascii: ",")] : []) + schema[place...]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 }

    /// Where the first element of the top-level `fields` begins: behind its bracket. A schema may wrap the record as the object in
    /// `type`; then that one counts.
    private static func firstField(_ text: [UInt8]) -> Int? {
        var position = 0
        var depth = 0
        // Depth at which the record's members stand.
        var level = 1
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "\""):
                let start = position + 1
                position = end(ofString: start, in: text)
                guard depth == level else { break }
                var next = position + 1
                while next < text.count, isBlank(text[next]) { next += 1 }
                guard next < text.count, text[next] == UInt8(ascii: ":") else { break }
                next += 1
                while next < text.count, isBlank(text[next]) { next += 1 }
                guard next < text.count else { return nil }
                let name = text[start..<position]
                if text[next] == UInt8(ascii: "["), name.elementsEqual("fields".utf8) { return next + 1 }
                if text[next] == UInt8(ascii: "{"), name.elementsEqual("type".utf8) { level += 1 }
            default: break
            }
            position += 1
        }
        return nil
    }

    private static func end(ofString start: Int, in text: [UInt8]) -> Int {
        var position = start
        while position < text.count, text[position] != UInt8(ascii: "\"") { position += text[position] == UInt8(ascii: "\\") ? 2 : 1 }
        return min(position, text.count - 1)
    }
}
