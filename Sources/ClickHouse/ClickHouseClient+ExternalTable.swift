import AsyncHTTPClient
import NIOCore
import NIOHTTP1

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Rows that travel with a statement and are a temporary table for it alone (ClickHouse documentation, "External Data for Query
/// Processing"). The server parses all of them before the statement runs.
public struct ExternalTable: Sendable {
    /// What the statement calls it.
    public var name: String
    public var format: String
    /// `` `a` UInt64, `b` String ``.
    public var structure: String
    public var rows: [UInt8]

    public init(name: String = "data", format: String, structure: String, rows: [UInt8]) {
        self.name = name
        self.format = format
        self.structure = structure
        self.rows = rows
    }
}

extension ClickHouseClient {
    /// Runs a statement over rows that are sent along, and returns its whole answer; the statement travels in the URL.
    ///
    /// A row that does not parse is an error of the statement, like one in an INSERT.
    public func query(
        _ statement: Statement, over table: ExternalTable, timeout: Duration? = .seconds(300), maxBytes: Int = 64 << 20
    ) async throws(ClickHouseError) -> QueryAnswer {
        var statement = statement
        statement.settings["\(table.name)_format"] = table.format
        statement.settings["\(table.name)_structure"] = table.structure
        let call = call(for: statement)
        let encoded = RequestEncoding.encode(statement, queryID: call.queryID, connection: connection, statementInURL: true)
        var request = HTTPClientRequest(url: origin + encoded.target)
        request.method = .POST
        request.headers = encoded.httpHeaders
        // The boundary is random, so that no row can hold it.
        let boundary = "penstock-" + UUID().uuidString
        request.headers.add(name: "Content-Type", value: "multipart/form-data; boundary=\(boundary)")
        var body = ByteBuffer()
        body.reserveCapacity(table.rows.count + 256)
        body.writeString(
            "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(table.name)\"; filename=\"\(table.name)\"\r\n\r\n")
        body.writeBytes(table.rows)
        body.writeString("\r\n--\(boundary)--\r\n")
        request.body = .bytes(body)
        let prepared = request
        return try await run(call, timeout: timeout, waitForKill: false) { [self] in
            try await answer(to: prepared, call: call, maxBytes: maxBytes)
        }
    }
}
