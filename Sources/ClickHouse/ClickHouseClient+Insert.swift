import AsyncHTTPClient
import NIOCore
import NIOHTTP1

extension ClickHouseClient {
    /// Sends rows. The statement travels in the URL, the body is data in the statement's FORMAT.
    /// - Parameters:
    ///   - statement: `INSERT INTO {db:Identifier}.{t:Identifier} (a, b) [SELECT … FROM input('…')] FORMAT JSONEachRow`.
    ///   - body: rows in that format.
    ///   - compression: `.none` on one machine, `.zstd` across a network; see ``BodyCompression``.
    ///   - timeout: until the server has confirmed; nil waits for ever.
    @discardableResult
    public func insert(
        _ statement: Statement, body: [UInt8], compression: BodyCompression = .none, timeout: Duration? = .seconds(300)
    ) async throws(ClickHouseError) -> QuerySummary {
        let call = call(for: statement)
        let encoded = RequestEncoding.encode(statement, queryID: call.queryID, connection: connection, statementInURL: true)
        var request = HTTPClientRequest(url: origin + encoded.target)
        request.method = .POST
        request.headers = encoded.httpHeaders
        if let name = compression.contentEncoding { request.headers.add(name: "Content-Encoding", value: name) }
        request.body = try compression.apply(to: body)
        let prepared = request
        return try await run(call, timeout: timeout, waitForKill: true) { [self] in
            try await answer(to: prepared, call: call, maxBytes: 1 << 20).summary
        }
    }

    /// See ``insert(_:body:compression:timeout:)``.
    @discardableResult
    public func insert(
        _ statement: String, body: [UInt8], parameters: [String: String] = [:], settings: [String: String] = [:],
        compression: BodyCompression = .none, queryID: String? = nil, secrets: [String] = [], timeout: Duration? = .seconds(300)
    ) async throws(ClickHouseError) -> QuerySummary {
        try await insert(
            Statement(statement, parameters: parameters, settings: settings, queryID: queryID, secrets: secrets), body: body,
            compression: compression, timeout: timeout)
    }
}
