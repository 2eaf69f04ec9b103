#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The same calls with the parts of ``Statement`` as arguments.
extension ClickHouseClient {
    /// See ``query(_:timeout:maxBytes:)``.
    public func query(
        _ sql: String, parameters: [String: String] = [:], settings: [String: String] = [:], queryID: String? = nil, secrets: [String] = [],
        timeout: Duration? = .seconds(300), maxBytes: Int = 64 << 20
    ) async throws(ClickHouseError) -> QueryAnswer {
        try await query(
            Statement(sql, parameters: parameters, settings: settings, queryID: queryID, secrets: secrets), timeout: timeout,
            maxBytes: maxBytes)
    }

    /// The rows of a SELECT without a FORMAT clause, each decoded from an object of column names; integers of any width are numbers.
    public func rows<Row: Decodable & Sendable>(
        _ type: Row.Type = Row.self, _ sql: String, parameters: [String: String] = [:], settings: [String: String] = [:],
        queryID: String? = nil, secrets: [String] = [], timeout: Duration? = .seconds(300), maxBytes: Int = 64 << 20
    ) async throws(ClickHouseError) -> [Row] {
        var settings = settings
        settings["default_format"] = "JSONEachRow"
        settings["output_format_json_quote_64bit_integers"] = "0"
        let answer = try await query(
            sql, parameters: parameters, settings: settings, queryID: queryID, secrets: secrets, timeout: timeout, maxBytes: maxBytes)
        // One row a line, and a line end never stands inside a row: with commas instead it is one JSON array.
        var json: [UInt8] = [UInt8(ascii: "[")]
        json.reserveCapacity(answer.bytes.count + 2)
        for byte in answer.bytes { json.append(byte == UInt8(ascii: "\n") ? UInt8(ascii: ",") : byte) }
        if json.last == UInt8(ascii: ",") { json.removeLast() }
        json.append(UInt8(ascii: "]"))
        do {
            return try JSONDecoder().decode([Row].self, from: Data(json))
        } catch {
            throw .local(
                .unexpectedAnswer, "the rows do not decode as \(Row.self); the statement must not have a FORMAT clause", .bug,
                queryID: answer.summary.queryID, isMaybeApplied: true, detail: String(reflecting: error))
        }
    }

    /// See ``execute(_:timeout:)``.
    @discardableResult
    public func execute(
        _ sql: String, parameters: [String: String] = [:], settings: [String: String] = [:], queryID: String? = nil, secrets: [String] = [],
        timeout: Duration? = nil
    ) async throws(ClickHouseError) -> QuerySummary {
        try await execute(
            Statement(sql, parameters: parameters, settings: settings, queryID: queryID, secrets: secrets), timeout: timeout)
    }

    /// See ``stream(_:timeout:)``.
    public func stream(
        _ sql: String, parameters: [String: String] = [:], settings: [String: String] = [:], queryID: String? = nil, secrets: [String] = [],
        timeout: Duration? = nil
    ) async throws(ClickHouseError) -> QueryStream {
        try await stream(
            Statement(sql, parameters: parameters, settings: settings, queryID: queryID, secrets: secrets), timeout: timeout)
    }
}
