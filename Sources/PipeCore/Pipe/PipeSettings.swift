/// The ingestion settings of a pipe: only what the user set is stored; defaults are applied on reading.
public struct PipeSettings: Hashable, Sendable, Codable {
    /// Key, value as the user sent it (numbers and booleans; text forms of both are normalised).
    public var values: [String: JSONValue]

    public init(_ values: [String: JSONValue] = [:]) { self.values = values }

    public init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: JSONValue].self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }

    /// One setting: its name, range, default and the sources it applies to.
    public struct Key: Hashable, Sendable {
        public var name: String
        public var schema: Schema
        public var defaultValue: JSONValue
        public var kinds: [String]
        public var summary: String
    }

    static let streaming = ["kafka", "kinesis", "pubsub"]
    static let objectStorage = ["objectStorage"]

    /// All settings of the contract (ranges: ClickHouse Cloud OpenAPI; defaults: its documentation).
    public static let keys: [Key] = [
        Key(
            name: "streaming_max_insert_wait_ms", schema: .integer(500...60_000), defaultValue: 5_000, kinds: streaming,
            summary: "Longest time a batch stays open, in milliseconds."),
        Key(
            name: "kafka_read_committed", schema: .boolean, defaultValue: false, kinds: ["kafka"],
            summary: "Skip records of aborted transactions."),
        Key(
            name: "object_storage_concurrency", schema: .integer(1...35), defaultValue: 1, kinds: objectStorage,
            summary: "File batches loaded at the same time."),
        Key(
            name: "object_storage_polling_interval_ms", schema: .integer(100...3_600_000), defaultValue: 30_000, kinds: objectStorage,
            summary: "Pause between two listings of a continuous pipe, in milliseconds."),
        Key(
            name: "object_storage_max_insert_bytes", schema: .integer(10_485_760...53_687_091_200), defaultValue: 10_737_418_240,
            kinds: objectStorage, summary: "Most bytes of files in one batch; a larger file is refused."),
        Key(
            name: "object_storage_max_file_count", schema: .integer(1...10_000), defaultValue: 100, kinds: objectStorage,
            summary: "Most files in one batch."),
        Key(
            name: "clickhouse_max_threads", schema: .integer(0...64), defaultValue: 0, kinds: objectStorage,
            summary: "`max_threads` of the load; 0 lets the server choose."),
        Key(
            name: "clickhouse_max_insert_threads", schema: .integer(0...16), defaultValue: 1, kinds: objectStorage,
            summary: "`max_insert_threads` of the load."),
        Key(
            name: "clickhouse_min_insert_block_size_bytes", schema: .integer(0...10_737_418_240), defaultValue: 1_073_741_824,
            kinds: objectStorage, summary: "`min_insert_block_size_bytes` of the load."),
        Key(
            name: "clickhouse_max_download_threads", schema: .integer(0...32), defaultValue: 4, kinds: objectStorage,
            summary: "`max_download_threads` of the load."),
        Key(
            name: "clickhouse_parallel_distributed_insert_select", schema: .integer(0...2), defaultValue: 2, kinds: objectStorage,
            summary: "`parallel_distributed_insert_select` of the load."),
        Key(
            name: "object_storage_use_cluster_function", schema: .boolean, defaultValue: true, kinds: objectStorage,
            summary: "Read through the cluster table function where the service has a cluster."),
        Key(
            name: "clickhouse_parallel_view_processing", schema: .boolean, defaultValue: false, kinds: objectStorage,
            summary: "`parallel_view_processing` of the load."),
    ]

    public static func key(_ name: String) -> Key? { keys.first { $0.name == name } }

    /// Checks a settings body for a source kind. Text forms (`"5000"`, `"true"`) are accepted, as the contract says values
    /// "can be strings, numbers, or booleans"; null removes a key.
    public static func checked(
        _ body: JSONValue, kind: String, at path: FieldPath = FieldPath("settings"), problems: inout [Problem]
    ) -> [String: JSONValue] {
        guard let members = body.object else {
            problems.append(Problem(path, "must be an object, not \(body.kindName)"))
            return [:]
        }
        var result: [String: JSONValue] = [:]
        for (name, given) in members.sorted(by: { $0.key < $1.key }) {
            guard let key = key(name) else {
                problems.append(Problem(path[name], "is not a setting; for this source there are: \(names(for: kind))"))
                continue
            }
            guard key.kinds.contains(kind) else {
                problems.append(Problem(path[name], "does not apply to \(kind) pipes"))
                continue
            }
            if given.isNull {
                result[name] = .null
                continue
            }
            result[name] = key.schema.checked(key.normalised(given), at: path[name], mode: .create, problems: &problems)
        }
        return result
    }

    /// These settings with a checked body laid over them: other keys stay, null removes.
    public func merged(with changes: [String: JSONValue]) -> PipeSettings {
        PipeSettings(values.merging(changes) { _, new in new }.filter { !$0.value.isNull })
    }

    /// All settings that apply to `kind`, defaults included: what GET …/settings answers.
    public func effective(for kind: String) -> [String: JSONValue] {
        var result: [String: JSONValue] = [:]
        for key in Self.keys where key.kinds.contains(kind) { result[key.name] = values[key.name] ?? key.defaultValue }
        return result
    }

    public func integer(_ name: String) -> Int64 { (values[name] ?? Self.key(name)?.defaultValue)?.integer ?? 0 }

    public func bool(_ name: String) -> Bool { (values[name] ?? Self.key(name)?.defaultValue)?.bool ?? false }

    private static func names(for kind: String) -> String {
        let names = keys.filter { $0.kinds.contains(kind) }.map(\.name)
        return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
}

extension PipeSettings.Key {
    fileprivate func normalised(_ value: JSONValue) -> JSONValue {
        guard let text = value.string else { return value }
        switch schema {
        case .boolean: return text == "true" ? true : text == "false" ? false : value
        case .integer: return Int64(text).map(JSONValue.integer) ?? value
        default: return value
        }
    }
}
