import AsyncHTTPClient
public import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Talks to one ClickHouse server over HTTP; any number of statements at once, over kept-alive connections.
///
/// Every statement carries a query id. When its time is up or its task is cancelled, the server is told to stop it (KILL QUERY) before
/// the error is thrown. Server exceptions are found by the `X-ClickHouse-Exception-Code` header, and after a 200 in the body.
public final class ClickHouseClient: Sendable {
    public let connection: ClickHouseConnection
    let logger: Logger
    let origin: String
    let http: HTTPClient
    /// For answers that are relayed.
    let upstream: Upstream
    /// Who runs KILL QUERY.
    private let stopper: ClickHouseConnection
    private let clock: any Clock<Duration>

    /// Opens no connection. Throws ``ClickHouseError`` (user) for an unusable url or CA file.
    /// - Parameters:
    ///   - stopper: a user of the same server that stops statements where `connection`'s own user may not (KILL QUERY needs
    ///     SELECT on system.processes, even for a statement of one's own); nil: the same user.
    ///   - clock: measures the time limits of statements.
    public convenience init(
        _ connection: ClickHouseConnection, stopper: ClickHouseConnection? = nil, clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) throws {
        try self.init(
            connection, stopper: stopper, clock: clock, logger: logger,
            limits: UpstreamLimits(connectTime: TimeAmount(connection.connectTimeout)))
    }

    /// - Parameter limits: of the connections of relayed answers.
    package init(
        _ connection: ClickHouseConnection, stopper: ClickHouseConnection? = nil, clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger, limits: UpstreamLimits
    ) throws {
        self.connection = connection
        self.stopper = stopper ?? connection
        self.clock = clock
        self.logger = logger
        origin = try connection.checkedOrigin()
        let tls = try Self.tls(connection)
        let context: NIOSSLContext?
        do {
            context = origin.hasPrefix("https://") ? try NIOSSLContext(configuration: tls) : nil
        } catch {
            throw ClickHouseError.local(.invalidConnection, "TLS cannot be set up", .user, detail: String(reflecting: error))
        }
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration(connection, tls))
        upstream = Upstream(origin: origin, tls: context, limits: limits)
    }

    private static func tls(_ connection: ClickHouseConnection) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let file = connection.caFile {
            let authorities: [NIOSSLCertificate]
            do {
                authorities = try NIOSSLCertificate.fromPEMFile(file)
            } catch {
                throw ClickHouseError.local(
                    .invalidConnection, "caFile \(file) cannot be read as PEM certificates", .user, detail: String(reflecting: error))
            }
            if authorities.isEmpty { throw ClickHouseError.local(.invalidConnection, "caFile \(file) holds no certificate", .user) }
            tls.trustRoots = .certificates(authorities)
        }
        return tls
    }

    private static func configuration(_ connection: ClickHouseConnection, _ tls: TLSConfiguration) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(connection.connectTimeout)),
            // ClickHouse 24.8 closes an idle connection after ten seconds; ours must be gone before.
            connectionPool: .init(idleTimeout: .seconds(8), concurrentHTTP1ConnectionsPerHostSoftLimit: 256),
            ignoreUncleanSSLShutdown: false)
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        return configuration
    }

    /// Ends idle connections; fails what is under way. A second call does nothing.
    public func shutdown() async throws {
        try await upstream.shutdown()
        do { try await http.shutdown() } catch let error as HTTPClientError where error == .alreadyShutdown {}
    }

    // MARK: Statements

    /// Runs a statement and returns its whole answer.
    /// - Parameters:
    ///   - timeout: for the whole answer; nil waits for ever.
    ///   - maxBytes: a longer answer is an error (`answerTooLarge`), and the statement is stopped.
    public func query(
        _ statement: Statement, timeout: Duration? = .seconds(300), maxBytes: Int = 64 << 20
    ) async throws(ClickHouseError) -> QueryAnswer {
        let call = call(for: statement)
        let request = request(statement, call: call)
        return try await run(call, timeout: timeout, waitForKill: false) { [self] in
            try await answer(to: request, call: call, maxBytes: maxBytes)
        }
    }

    /// Runs a statement whose answer does not matter: DDL, INSERT … SELECT.
    public func execute(_ statement: Statement, timeout: Duration? = nil) async throws(ClickHouseError) -> QuerySummary {
        let call = call(for: statement)
        let request = request(statement, call: call)
        return try await run(call, timeout: timeout, waitForKill: true) { [self] in
            try await answer(to: request, call: call, maxBytes: 64 << 20).summary
        }
    }

    /// Runs a statement and hands on its answer as it comes.
    /// - Parameter timeout: for the whole answer, from first to last byte, the reader's own pauses included; nil waits for ever.
    public func stream(_ statement: Statement, timeout: Duration? = nil) async throws(ClickHouseError) -> QueryStream {
        let call = call(for: statement)
        let request = request(statement, call: call)
        let deadline = timeout.map { Deadline(in: $0, on: clock) }
        let response = try await run(call, by: deadline, waitForKill: false) { [self] in
            let response = try await http.execute(request, deadline: .distantFuture)
            try await check(response, call: call)
            return response
        }
        return QueryStream(
            summary: QuerySummary(header: response.headers.first(name: "X-ClickHouse-Summary"), queryID: call.queryID),
            contentType: response.headers.first(name: "Content-Type"), format: response.headers.first(name: "X-ClickHouse-Format"),
            body: response.body, scanner: ExceptionScanner(response.headers), call: call, deadline: deadline)
    }

    /// Whether the server answers within `timeout`.
    public func ping(timeout: Duration = .seconds(2)) async -> Bool {
        do {
            return try await query(Statement("SELECT 1"), timeout: timeout, maxBytes: 1024).bytes == Array("1\n".utf8)
        } catch {
            return false
        }
    }

    // MARK: Parts

    func call(for statement: Statement) -> StatementCall {
        StatementCall(
            http: http, origin: origin, connection: connection, stopper: stopper,
            queryID: statement.queryID ?? UUID().uuidString.lowercased(),
            secrets: [connection.password, stopper.password] + statement.secrets, logger: logger)
    }

    private func request(_ statement: Statement, call: StatementCall) -> HTTPClientRequest {
        let encoded = RequestEncoding.encode(statement, queryID: call.queryID, connection: connection, statementInURL: false)
        var request = HTTPClientRequest(url: origin + encoded.target)
        request.method = .POST
        request.headers = encoded.httpHeaders
        request.body = .bytes(ByteBuffer(string: statement.sql))
        return request
    }

    /// Runs `work` against the clock; stops the statement on the server when time is up or the task is cancelled.
    func run<Result: Sendable>(
        _ call: StatementCall, timeout: Duration?, waitForKill: Bool, _ work: @escaping @Sendable () async throws -> Result
    ) async throws(ClickHouseError) -> Result {
        try await run(call, by: timeout.map { Deadline(in: $0, on: clock) }, waitForKill: waitForKill, work)
    }

    private func run<Result: Sendable>(
        _ call: StatementCall, by deadline: Deadline?, waitForKill: Bool, _ work: @escaping @Sendable () async throws -> Result
    ) async throws(ClickHouseError) -> Result {
        do {
            guard let deadline else { return try await work() }
            return try await deadline.limit(work)
        } catch {
            let failure = call.failure(error)
            if [.timedOut, .cancelled, .answerTooLarge].contains(failure.code) { await call.kill(waiting: waitForKill) }
            throw failure
        }
    }

    /// Sends the request and collects its answer; an exception inside a 200 is thrown.
    func answer(to request: HTTPClientRequest, call: StatementCall, maxBytes: Int) async throws -> QueryAnswer {
        let response = try await http.execute(request, deadline: .distantFuture)
        try await check(response, call: call)
        var scanner = ExceptionScanner(response.headers)
        var bytes: [UInt8] = []
        func append(_ data: ByteBuffer) throws(ClickHouseError) {
            if bytes.count + data.readableBytes > maxBytes {
                throw .local(
                    .answerTooLarge, "the answer is longer than \(maxBytes) bytes; ask for less or stream it", .user, queryID: call.queryID,
                    isMaybeApplied: true)
            }
            bytes.append(contentsOf: data.readableBytesView)
        }
        do {
            for try await chunk in response.body {
                if let data = scanner.push(chunk) { try append(data) }
            }
        } catch let error as ClickHouseError {
            throw error
        } catch {
            if case .exception(let text) = scanner.finish(aborted: true) { throw call.failure(text: text, status: 200) }
            throw error
        }
        switch scanner.finish(aborted: false) {
        case .complete(let rest): if let rest { try append(rest) }
        case .exception(let text): throw call.failure(text: text, status: 200)
        }
        let summary = QuerySummary(header: response.headers.first(name: "X-ClickHouse-Summary"), queryID: call.queryID)
        return QueryAnswer(bytes: bytes, summary: summary)
    }

    /// Throws what the server said, unless it said 200 and nothing else.
    private func check(_ response: HTTPClientResponse, call: StatementCall) async throws {
        let hasCode = response.headers.contains(name: "X-ClickHouse-Exception-Code")
        guard response.status != .ok || hasCode else { return }
        var text = ""
        do {
            for try await chunk in response.body where text.utf8.count < 1 << 20 { text += String(buffer: chunk) }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            // The status and the code header already tell the failure; a broken body only shortens its text.
            logger.debug("the text of an error broke off", metadata: ["query_id": "\(call.queryID)"])
        }
        throw call.failure(text: text, status: Int(response.status.code), headers: response.headers)
    }
}

extension ExceptionScanner {
    init(_ headers: HTTPHeaders) {
        self.init(format: headers.first(name: "X-ClickHouse-Format"), tag: headers.first(name: "X-ClickHouse-Exception-Tag"))
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        self = overflow ? .nanoseconds(.max) : .nanoseconds(whole + attoseconds / 1_000_000_000)
    }
}
