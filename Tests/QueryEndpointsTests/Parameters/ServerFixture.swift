import AsyncHTTPClient
import ClickHouse
import FoundationEssentials
import Logging
import NIOCore
import PipeCore
import PipeTesting
import QueryEndpoints
import Testing

/// The real ClickHouse that tests of parameters ask.
struct ServerFixture {
    static let url = ProcessInfo.processInfo.environment["PENSTOCK_TEST_CLICKHOUSE"] ?? "http://127.0.0.1:18123"

    /// True when it answers, and always when it is required.
    static func isAvailable() async -> Bool {
        if ProcessInfo.processInfo.environment["PENSTOCK_REQUIRE_IT"] == "1" { return true }
        return (try? await HTTPClient.shared.execute(HTTPClientRequest(url: "\(url)/ping"), timeout: .seconds(3))) != nil
    }

    let client: ClickHouseClient

    static func use(_ body: (ServerFixture) async throws -> Void) async throws {
        let client = try ClickHouseClient(ClickHouseConnection(url: url), logger: Logger(label: "test"))
        let result: Result<Void, any Error>
        do { result = .success(try await body(ServerFixture(client: client))) } catch { result = .failure(error) }
        try await client.shutdown()
        try result.get()
    }

    /// What the server makes of values of one type: for each, `expression` with the parameter in the place of `$`, as text.
    func answers(_ type: String, _ values: [ParameterValue], _ expression: String = "toString($)") async throws -> [String] {
        var answers: [String] = []
        var rest = values[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(40))
            rest = rest.dropFirst(40)
            let columns = part.indices.map { expression.replacing("$", with: "{p\($0):\(type)}") }
            let statement = try ParameterizedStatement("SELECT \(columns.joined(separator: ", ")), 'guard' FORMAT JSONCompactEachRow")
            let given = Dictionary(uniqueKeysWithValues: part.enumerated().map { ("p\($0)", $1) })
            let answer = try await client.query(
                Statement(
                    statement.sql, encodedParameters: try statement.bind(given),
                    settings: ["output_format_json_quote_64bit_integers": "0", "output_format_json_quote_denormals": "1"]))
            let row: [JSONValue] = try JSONText.decode(from: answer.bytes)
            guard row.count == part.count + 1, row.last == "guard" else {
                Issue.record("a value of \(type) changed the statement")
                return answers
            }
            answers += row.dropLast().map { $0.string ?? "\($0)" }
        }
        return answers
    }
}
