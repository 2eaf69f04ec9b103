import AsyncHTTPClient
import FoundationEssentials
import KafkaConnector
import NIOCore
import NIOHTTP1
import PipeCore

/// The ClickHouse that reads what framers wrote.
enum FormatServer {
    static let url = ProcessInfo.processInfo.environment["PENSTOCK_TEST_CLICKHOUSE"] ?? "http://127.0.0.1:18123"

    struct Refused: Error, CustomStringConvertible {
        var description: String
    }

    /// True when it answers, and always when it is required.
    static func isAvailable() async -> Bool {
        if ProcessInfo.processInfo.environment["PENSTOCK_REQUIRE_IT"] == "1" { return true }
        return (try? await HTTPClient.shared.execute(HTTPClientRequest(url: "\(url)/ping"), timeout: .seconds(3))) != nil
    }

    static func query(_ sql: String, body: [UInt8] = [], settings: [String: String] = [:]) async throws -> String {
        var items = sql.isEmpty ? [] : ["query=\(encoded(sql))"]
        for (name, value) in settings.sorted(by: { $0.key < $1.key }) { items.append("\(name)=\(encoded(value))") }
        var request = HTTPClientRequest(url: "\(url)/?\(items.joined(separator: "&"))")
        request.method = .POST
        request.body = .bytes(body)
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let text = String(buffer: try await response.body.collect(upTo: 64 << 20))
        guard response.status == .ok else { throw Refused(description: text) }
        return text
    }

    /// Inserts the rows into a new table and reads it back.
    /// - Parameters:
    ///   - input: the fields of the rows with their types, as for `input()`.
    ///   - select: what is read of them; the table has the types that follow from it.
    static func roundTrip(_ rows: EncodedRows, input: String, select: String, order: String = "1") async throws -> [String] {
        let table = "kafka_format_\(UUID().uuidString.replacing("-", with: ""))"
        let added = rows.added.map { "\($0.fieldName) \($0.type)" }.joined(separator: ", ")
        let structure = added.isEmpty ? input : "\(added), \(input)"
        let literal = structure.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        _ = try await query(
            "CREATE TABLE \(table) ENGINE = MergeTree ORDER BY tuple() AS SELECT \(select) FROM null('\(literal)')",
            settings: ["allow_experimental_json_type": "1", "allow_experimental_variant_type": "1"])
        do {
            _ = try await query(
                "INSERT INTO \(table) SELECT \(select) FROM input('\(literal)') FORMAT \(rows.format)", body: rows.bytes,
                settings: rows.parserSettings)
            let answer = try await query("SELECT * FROM \(table) ORDER BY \(order) FORMAT JSONCompactEachRow")
            _ = try await query("DROP TABLE \(table)")
            return answer.split(separator: "\n").map(String.init)
        } catch {
            _ = try await query("DROP TABLE IF EXISTS \(table)")
            throw error
        }
    }

    /// What ClickHouse reads from the rows, as lines of TSV.
    static func read(_ rows: EncodedRows, input: String, select: String) async throws -> [String] {
        let added = rows.added.map { "\($0.fieldName) \($0.type)" }.joined(separator: ", ")
        let structure = added.isEmpty ? input : "\(added), \(input)"
        let body = rows.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let literal = structure.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        let sql = "SELECT \(select) FROM format(\(rows.format), '\(literal)', unhex('\(body)')) FORMAT TSV"
        var settings = rows.parserSettings
        settings["max_query_size"] = "100000000"
        let answer = try await query("", body: Array(sql.utf8), settings: settings)
        return answer.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).dropLast()
    }

    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                [byte]
            default: [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
