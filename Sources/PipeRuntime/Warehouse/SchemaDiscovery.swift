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

    func fields(of sample: SchemaSample) async throws -> [DiscoveredField] {
        let rows: [Row]
        switch sample {
        case .rows(let sample):
            // In the statement, which is the body: a parameter may not be longer than a form field.
            let statement = "DESCRIBE TABLE format(\(Identifier.quoted(sample.format)), \(Self.literal(sample.bytes)))"
            let settings = Self.settings.merging(sample.parserSettings) { $1 }
                .merging(["max_query_size": String(statement.utf8.count + 1024)]) { $1 }
            rows = try await describe(statement, parameters: [:], settings: settings)
                .filter { !$0.name.hasPrefix(VirtualColumn("", "").fieldName) }
        case .load(let load):
            guard let object = load.objects.first(where: { $0.size > 0 && !KeyPattern.isUnreadable($0.key) }) ?? load.objects.first else {
                throw PipeError(
                    .sourceMissing, .user, side: .source, "there is no object to look at: check the path, or upload a sample first")
            }
            let read = RemoteRead.reads(of: [object], in: load, structure: nil, oneByOne: true)[0]
            let function = read.parameters["path"] == nil ? read.source : String(read.source.prefix { $0 != ")" }) + ")"
            rows = try await describe(
                "DESCRIBE TABLE \(function)", parameters: read.parameters,
                settings: LoadSettings.reading(load).merging(Self.settings) { $1 })
        }
        return rows.map { row in
            let isOptional = row.type.hasPrefix("Nullable(")
            return DiscoveredField(name: row.name, type: row.type, isOptional: isOptional)
        }
    }

    /// Text as a literal; bytes that are no text by their digits.
    private static func literal(_ bytes: [UInt8]) -> String {
        if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) { return Literal.string(text) }
        let digits = Array("0123456789abcdef".utf8)
        return "unhex('\(String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))')"
    }

    private func describe(_ sql: String, parameters: [String: String], settings: [String: String]) async throws -> [Row] {
        do {
            return try await service.client.rows(Row.self, sql, parameters: parameters, settings: settings)
        } catch {
            throw error.pipeError(during: "reading the sample", side: .source)
        }
    }
}
