import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// How an insert's body travels.
public struct BodyCompression: Sendable, Hashable {
    enum Method: Sendable, Hashable { case none }
    let method: Method

    /// As it is. On loopback and in one rack the fastest.
    public static let none = BodyCompression(method: .none)
}

extension ClickHouseClient {
    /// Sends rows. The statement travels in the URL, the body is data in the statement's FORMAT.
    /// - Parameters:
    ///   - statement: `INSERT INTO {db:Identifier}.{t:Identifier} (a, b) [SELECT … FROM input('…')] FORMAT JSONEachRow`.
    ///   - body: rows in that format.
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
        request.body = .bytes(ByteBuffer(bytes: body))
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
