internal import ClickHouse
internal import PipeCore

/// Names and types of sample rows by ClickHouse's own inference.
struct SchemaDiscovery {
    let service: ClickHouseService

    private struct Row: Decodable, Sendable {
        var name: String
        var type: String
    }

    private static let settings = [
        "schema_inference_make_columns_nullable": "1", "describe_compact_output": "1", "date_time_input_format": "best_effort",
        "input_format_json_read_objects_as_strings": "1",
    ]

    /// A sample as something to select from.
    private struct Relation {
        var sql: String
        var parameters: [String: String] = [:]
        var settings: [String: String]
    }

    /// - Parameter examples: values of each field to bring along. What keeps them from being read does not keep the fields away.
    func schema(of sample: SchemaSample, examples: Int) async throws -> DiscoveredSchema {
        let relation = try relation(of: sample)
        let described = try await rows(Row.self, "DESCRIBE TABLE \(relation.sql)", relation)
        var schema = DiscoveredSchema(
            fields: described.map { DiscoveredField(name: $0.name, type: $0.type, isOptional: $0.type.hasPrefix("Nullable(")) })
        if examples > 0 {
            do {
                for values in try await values(of: relation, rows: examples) {
                    for (index, value) in zip(schema.fields.indices, values) { schema.fields[index].examples.append(value) }
                }
            } catch let error as PipeError {
                schema.examplesProblem = error.message
            } catch let error as JSONSyntaxError {
                schema.examplesProblem = "the first rows cannot be shown: \(error)"
            }
        }
        if case .rows = sample { schema.fields.removeAll { $0.name.hasPrefix(VirtualColumn("", "").fieldName) } }
        return schema
    }

    private func relation(of sample: SchemaSample) throws -> Relation {
        switch sample {
        case .rows(let sample):
            // In the statement, which is the body: a parameter may not be longer than a form field.
            let function = "format(\(Identifier.quoted(sample.format)), \(Self.literal(sample.bytes)))"
            let settings = Self.settings.merging(sample.parserSettings) { $1 }
                .merging(["max_query_size": String(function.utf8.count + 1024)]) { $1 }
            return Relation(sql: function, settings: settings)
        case .load(let load):
            guard let object = load.objects.first(where: { $0.size > 0 && !KeyPattern.isUnreadable($0.key) }) ?? load.objects.first else {
                throw PipeError(
                    .sourceMissing, .user, side: .source, "there is no object to look at: check the path, or upload a sample first")
            }
            let read = RemoteRead.reads(of: [object], in: load, structure: nil, oneByOne: true)[0]
            let function = read.parameters["path"] == nil ? read.source : String(read.source.prefix { $0 != ")" }) + ")"
            return Relation(
                sql: function, parameters: read.parameters, settings: LoadSettings.reading(load).merging(Self.settings) { $1 })
        }
    }

    private struct Example: Decodable, Sendable {
        var row: String
    }

    /// Values of the first rows, in the order of the columns; nil is NULL.
    private func values(of relation: Relation, rows count: Int) async throws -> [[String?]] {
        var relation = relation
        relation.settings["output_format_json_quote_denormals"] = "1"
        // Bytes that are no text are shown as U+FFFD.
        relation.settings["output_format_json_validate_utf8"] = "1"
        let found = try await rows(
            Example.self, "SELECT formatRow('JSONCompactEachRow', *) AS row FROM \(relation.sql) LIMIT \(count)", relation)
        return try found.map { try (JSONValue(parsing: Array($0.row.utf8)).array ?? []).map(Self.text) }
    }

    private static func text(_ value: JSONValue) throws -> String? {
        if value.isNull { return nil }
        let text: String
        switch value {
        case .string(let string): text = string
        case .exactNumber(let digits): text = digits
        default: text = try String(decoding: JSONText.encode(value), as: UTF8.self)
        }
        return text.count > DiscoveredField.longestExample ? text.prefix(DiscoveredField.longestExample) + "…" : text
    }

    /// Text as a literal; bytes that are no text by their digits.
    private static func literal(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) { return Literal.string(text) }
        let digits = Array("0123456789abcdef".utf8)
        return "unhex('\(String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))')"
    }

    private func rows<Answer: Decodable & Sendable>(_ type: Answer.Type, _ sql: String, _ relation: Relation) async throws -> [Answer] {
        do {
            return try await service.client.rows(type, sql, parameters: relation.parameters, settings: relation.settings)
        } catch {
            throw error.pipeError(during: "reading the sample", side: .source)
        }
    }
}
