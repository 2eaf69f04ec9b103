import Catalog
import ClickHouse
public import FoundationEssentials
public import Logging
import NIOCore

/// Runs calls of endpoints: binds parameters, sends one statement to ClickHouse, and answers as it answers.
public final class QueryRunner: Sendable {
    /// For a call that names no time.
    public static let defaultTimeout: Duration = .seconds(30)
    /// The output formats of version 1, which all look the same.
    public static let formatsOfVersion1: Set<String> = [
        "TabSeparated", "TabSeparatedWithNames", "TabSeparatedWithNamesAndTypes", "JSON", "JSONEachRow", "CSV", "CSVWithNames",
        "CSVWithNamesAndTypes",
    ]

    private let clients: any QueryClients
    private let cache: ResultCache
    private let recorder: any CallRecorder
    private let gate = ConcurrencyGate()
    private let now: @Sendable () -> Date
    private let logger: Logger

    public init(
        clients: any QueryClients, cache: ResultCache, recorder: any CallRecorder, now: @escaping @Sendable () -> Date = { Date() },
        logger: Logger
    ) {
        self.clients = clients
        self.cache = cache
        self.recorder = recorder
        self.now = now
        self.logger = logger
    }

    /// Runs a call. The reply's body may be a stream, which the caller of this method must read or let go.
    public func run(_ call: QueryCall) async throws(QueryFailure) -> QueryReply {
        let plan: QueryPlan
        do {
            plan = try QueryPlan(call)
        } catch {
            refused(call, error)
            throw error
        }
        guard let pass = gate.enter(call.endpoint.record.id, limit: call.endpoint.record.limits.concurrency) else {
            let failure = QueryFailure(
                429, "TOO_MANY_CALLS",
                "this endpoint runs at most \(call.endpoint.record.limits.concurrency ?? 0) calls at the same time; "
                    + "try again shortly", headers: ["Retry-After": "1"])
            refused(call, failure)
            throw failure
        }
        let run = QueryRun(
            call, format: plan.format, time: now(), parameterHash: recorder.parameterHash(plan.parameters), recorder: recorder, pass: pass)
        do {
            return try await answer(call, plan, run)
        } catch {
            let failure = run.failure(error)
            if failure.status >= 500, failure.status != 504 {
                logger.warning(
                    "a query endpoint could not be answered",
                    metadata: [
                        "query_id": "\(call.requestID)", "endpoint": "\(call.endpoint.record.id)", "error": "\(error)",
                    ])
            }
            run.end(.failure(failure), head: nil)
            throw failure
        }
    }

    /// Keeps a call that was refused before anything ran.
    public func refused(_ call: QueryCall, _ failure: QueryFailure) {
        let record = call.endpoint.record
        recorder.record(
            CallRecord(
                requestID: call.requestID, time: now(), serviceID: record.serviceID,
                endpointID: call.endpoint.isServiceRoute ? nil : record.id, version: record.version, keyID: call.caller.keyID,
                tokenSubject: call.caller.subject, status: failure.status, failure: .init(failure.code, failure.errorClass), total: .zero,
                clientAddress: call.caller.address))
    }

    // MARK: Ways to an answer

    private func answer(_ call: QueryCall, _ plan: QueryPlan, _ run: QueryRun) async throws -> QueryReply {
        guard plan.isRead else { return try await write(call, plan, run) }
        guard let seconds = call.endpoint.record.query.cacheSeconds, seconds > 0 else {
            let relay = try await begin(call, plan, run)
            switch relay.beginning {
            case .complete(let bytes): return try whole(bytes, relay.answer, plan, run)
            case .streaming: return stream(relay.answer, plan, run)
            }
        }
        return try await cached(call, plan, run, seconds: seconds)
    }

    /// From the cache, or made for it.
    private func cached(_ call: QueryCall, _ plan: QueryPlan, _ run: QueryRun, seconds: Int) async throws -> QueryReply {
        let key = plan.cacheKey(call)
        if let known = cache.result(key) { return reply(known, call, run) }
        var tooLarge: AnswerRelay?
        var head: AnswerRelay.Head?
        run.used(.miss)
        let result = try await cache.answer(key, seconds: seconds, patience: plan.timeout ?? Self.defaultTimeout) {
            () async throws -> CachedAnswer? in
            let relay = try await begin(call, plan, run)
            head = relay.answer.head
            var bytes = ByteBuffer()
            switch relay.beginning {
            case .complete(let all): bytes = all
            case .streaming:
                while let piece = try await relay.answer.next() {
                    bytes.writeImmutableBuffer(piece)
                    guard bytes.readableBytes <= cache.limits.entryBytes else {
                        relay.answer.giveBack(bytes)
                        tooLarge = relay.answer
                        return nil
                    }
                }
            }
            return CachedAnswer(contentType: plan.contentType(head), fields: plan.contentFields(head), body: try plan.whole(bytes))
        }
        if let result { return reply(result, call, run, head: head) }
        guard let tooLarge else { throw QueryFailure(502, "UPSTREAM_REFUSED", "ClickHouse did not answer as expected") }
        var reply = stream(tooLarge, plan, run)
        reply.headers += CacheHeaders.uncached.fields.map { ($0.name, $0.value) }
        return reply
    }

    private func reply(_ result: CachedResult, _ call: QueryCall, _ run: QueryRun, head: AnswerRelay.Head? = nil) -> QueryReply {
        let headers = CacheHeaders(result, ifNoneMatch: call.knownTags)
        var fields = headers.fields.map { (name: $0.name, value: $0.value) }
        if result.isHit { run.used(.hit) }
        guard !headers.isNotModified else {
            run.end(.success(()), head: head, status: 304)
            return QueryReply(status: 304, headers: fields, body: .bytes(ByteBuffer()))
        }
        if let type = result.answer.contentType { fields.append(("Content-Type", type)) }
        fields += result.answer.fields.map { ($0.name, $0.value) }
        if let head { fields += QueryPlan.runFields(head) }
        run.sent(result.answer.body.readableBytes)
        run.end(.success(()), head: head)
        return QueryReply(headers: fields, body: .bytes(result.answer.body))
    }

    /// A statement that changes something: its answer is complete or it is an error.
    private func write(_ call: QueryCall, _ plan: QueryPlan, _ run: QueryRun) async throws -> QueryReply {
        let (relay, beginning) = try await begin(call, plan, run)
        var bytes = ByteBuffer()
        switch beginning {
        case .complete(let all): bytes = all
        case .streaming:
            while let piece = try await relay.next() {
                // A write that answers with rows, such as DDL on a cluster, answers with few.
                guard bytes.readableBytes < 1 << 20 else { continue }
                bytes.writeImmutableBuffer(piece)
            }
        }
        var headers = relay.head.map { QueryPlan.runFields($0) } ?? []
        if plan.answerVersion == 1 {
            headers.append(("Content-Type", "application/json; charset=utf-8"))
            var wrapper = RowWrapper()
            bytes = try wrapper.finish()
        } else {
            headers.append(("Content-Type", "text/plain; charset=utf-8"))
            bytes = ByteBuffer(string: "OK")
        }
        headers.append((QueryPlan.versionHeader, String(plan.answerVersion)))
        run.sent(bytes.readableBytes)
        run.end(.success(()), head: relay.head)
        return QueryReply(headers: headers, body: .bytes(bytes))
    }

    private func whole(_ bytes: ByteBuffer, _ relay: AnswerRelay, _ plan: QueryPlan, _ run: QueryRun) throws -> QueryReply {
        let bytes = try plan.whole(bytes)
        run.sent(bytes.readableBytes)
        run.end(.success(()), head: relay.head)
        return QueryReply(headers: plan.fields(relay.head), body: .bytes(bytes))
    }

    private func stream(_ relay: AnswerRelay, _ plan: QueryPlan, _ run: QueryRun) -> QueryReply {
        QueryReply(
            headers: plan.fields(relay.head),
            body: .stream(AnswerStream(relay: relay, wrapper: plan.answerVersion == 1 ? RowWrapper() : nil, run: run)))
    }

    // MARK: ClickHouse

    /// Sends the statement, and the body where there is one, and waits for the first bytes. A client whose user was lost behind Penstock's
    /// back is tried a second time; the statement had no effect then.
    private func begin(
        _ call: QueryCall, _ plan: QueryPlan, _ run: QueryRun
    ) async throws -> (answer: AnswerRelay, beginning: AnswerRelay.Beginning) {
        let service = call.endpoint.record.serviceID
        do {
            return try await begin(call, plan, run, clients.client(service: service))
        } catch let error as ClickHouseError {
            guard call.input == nil, try await clients.recover(from: error, service: service) else { throw error }
            return try await begin(call, plan, run, clients.client(service: service))
        }
    }

    private func begin(
        _ call: QueryCall, _ plan: QueryPlan, _ run: QueryRun, _ client: ClickHouseClient
    ) async throws -> (answer: AnswerRelay, beginning: AnswerRelay.Beginning) {
        run.runs(on: client.connection)
        let relay: AnswerRelay
        if let input = call.input {
            let transfer = client.relay(inserting: plan.statement, length: input.length, encoding: input.encoding, on: call.loop)
            relay = transfer.answer
            relay.limit(to: plan.timeout)
            call.presence.whenOver { relay.stop(.callerLeft) }
            do {
                try await transfer.upload.send(input.pieces)
            } catch {
                relay.stop(.callerLeft)
                throw error
            }
            // Whoever names no time has time to send as much as he likes.
            if plan.timeout == nil { relay.limit(to: Self.defaultTimeout) }
        } else {
            relay = client.relay(plan.statement, isRead: plan.isRead, on: call.loop)
            relay.limit(to: plan.timeout ?? Self.defaultTimeout)
            call.presence.whenOver { relay.stop(.callerLeft) }
        }
        let beginning = try await relay.begin()
        // Without a time of the caller's or the endpoint's, an answer that has begun may be long.
        if plan.timeout == nil, case .streaming = beginning { relay.limit(to: nil) }
        return (relay, beginning)
    }
}
