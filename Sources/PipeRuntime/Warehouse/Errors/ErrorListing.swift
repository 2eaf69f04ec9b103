internal import ClickHouse
internal import PipeCore

/// Pages of a pipe's error table.
struct ErrorListing {
    let spec: PipeSpec
    let service: ClickHouseService

    /// Bytes of a record that a page shows.
    static let longestShown = 64 << 10

    private struct Row: Decodable, Sendable {
        var time: Int64
        var key: String
        var error_code: String
        var error: String
        var field: String
        var places: [String: String]
        var raw: String
        var size: Int
        var isTruncated: Bool
        var isReplayable: Bool
        var replayed: Int64
    }

    /// Newest first; empty when nothing was ever rejected.
    func rows(_ filter: RejectedFilter, after cursor: RejectedRow.Key?, limit: Int) async throws -> [RejectedRow] {
        guard let table = ErrorTable(spec: spec, service: service, log: SilentLog()), try await table.exists() else { return [] }
        try await table.addMissingColumns()
        var condition = ErrorSelection(spec: spec, filter: filter)
        if let cursor {
            condition.add("(timestamp, record_key) < (fromUnixTimestamp64Milli({time:Int64}), {hash:UInt64})")
            condition.parameters["time"] = String(cursor.time)
            condition.parameters["hash"] = String(cursor.hash)
        }
        return try await service.rows(
            Row.self,
            """
            SELECT toUnixTimestamp64Milli(timestamp) AS time, toString(record_key) AS key, error_code, error, field, \
            CAST(locator, 'Map(String, String)') AS places, hex(substring(raw_message, 1, \(Self.longestShown))) AS raw, \
            length(raw_message) AS size, raw_is_truncated AS isTruncated, toBool(frame != '' AND isNull(replayed_at)) AS isReplayable, \
            toUnixTimestamp64Milli(ifNull(replayed_at, toDateTime64(0, 3))) AS replayed \
            FROM \(table.table.quoted) WHERE \(condition.sql) ORDER BY timestamp DESC, record_key DESC LIMIT \(limit)
            """, parameters: condition.parameters, settings: ["output_format_json_map_as_array_of_tuples": "0"],
            during: "reading \(table.table)"
        ).map { row in
            RejectedRow(
                key: RejectedRow.Key(time: row.time, hash: UInt64(row.key) ?? 0),
                record: RejectedRecord(
                    code: PipeError.Code(rawValue: row.error_code), reason: row.error, field: row.field, locator: row.places,
                    raw: Hexadecimal.bytes(row.raw)),
                size: row.size, isTruncated: row.isTruncated, isReplayable: row.isReplayable,
                replayedAt: row.replayed == 0 ? nil : row.replayed)
        }
    }
}

/// The WHERE of a filter.
struct ErrorSelection {
    private(set) var sql: String
    var parameters: [String: String]

    init(spec: PipeSpec, filter: RejectedFilter) {
        sql = "clickpipe_id = {pipe:String}"
        parameters = ["pipe": spec.id.rawValue]
        if let code = filter.code {
            add("error_code = {code:String}")
            parameters["code"] = code.rawValue
        }
        if let from = filter.from {
            add("timestamp >= fromUnixTimestamp64Milli({from:Int64})")
            parameters["from"] = String(from)
        }
        if let to = filter.to {
            add("timestamp < fromUnixTimestamp64Milli({to:Int64})")
            parameters["to"] = String(to)
        }
    }

    mutating func add(_ condition: String) { sql += " AND \(condition)" }
}

enum Hexadecimal {
    /// The bytes of what `hex()` answers.
    static func bytes(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count / 2)
        var high: UInt8?
        for digit in text.utf8 {
            let value =
                switch digit {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
                default: (digit | 0x20) &- UInt8(ascii: "a") &+ 10
                }
            if let first = high {
                bytes.append(first << 4 | value & 15)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }
}

/// For reading, which has nothing to tell the pipe's log.
struct SilentLog: PipeLog {
    func log(_ level: PipeLogLevel, _ code: PipeError.Code?, _ message: String) {}
}
