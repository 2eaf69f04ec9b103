import Catalog
import ClickHouse
import FoundationEssentials
import NIOConcurrencyHelpers

/// One call while it runs: what is counted of it, and what is given back when it ends, however it ends.
final class QueryRun: Sendable {
    private struct State {
        var firstByte: ContinuousClock.Instant?
        var bytes = 0
        var cache = CallRecord.CacheUse.none
        var isDocumentFinished = false
        var isOver = false
    }

    let call: QueryCall
    let format: String
    private let start = ContinuousClock.now
    private let time: Date
    private let parameterHash: String
    private let recorder: any CallRecorder
    private let pass: ConcurrencyGate.Pass
    private let connection: NIOLockedValueBox<ClickHouseConnection?> = NIOLockedValueBox(nil)
    private let state = NIOLockedValueBox(State())

    init(_ call: QueryCall, format: String, time: Date, parameterHash: String, recorder: any CallRecorder, pass: ConcurrencyGate.Pass) {
        self.call = call
        self.format = format
        self.time = time
        self.parameterHash = parameterHash
        self.recorder = recorder
        self.pass = pass
        recorder.entered(service: call.endpoint.record.serviceID, endpoint: endpointID)
    }

    private var endpointID: String? { call.endpoint.isServiceRoute ? nil : call.endpoint.record.id }

    /// Where the statement runs, so that errors can be told without naming it.
    func runs(on connection: ClickHouseConnection) { self.connection.withLockedValue { $0 = connection } }

    func used(_ cache: CallRecord.CacheUse) { state.withLockedValue { $0.cache = cache } }

    func sent(_ bytes: Int) {
        state.withLockedValue { state in
            if state.firstByte == nil { state.firstByte = .now }
            state.bytes += bytes
        }
    }

    /// True once.
    func mayFinishDocument() -> Bool {
        state.withLockedValue { state in
            defer { state.isDocumentFinished = true }
            return !state.isDocumentFinished
        }
    }

    /// What the caller is told of `error`.
    func failure(_ error: any Error) -> QueryFailure {
        switch error {
        case let failure as QueryFailure: failure
        case let error as ClickHouseError:
            QueryFailure(error, connection: connection.withLockedValue { $0 } ?? ClickHouseConnection(url: ""))
        case is CancellationError: QueryFailure(499, "CANCELLED", "the caller went away")
        default:
            QueryFailure(502, "UPSTREAM_REFUSED", "ClickHouse did not answer as expected; the operator's log says why")
        }
    }

    /// The call is over. Only the first time counts.
    func end(_ result: Result<Void, QueryFailure>, head: AnswerRelay.Head?, status: Int = 200) {
        let state = state.withLockedValue { state -> State? in
            guard !state.isOver else { return nil }
            state.isOver = true
            return state
        }
        guard let state else { return }
        call.presence.forget()
        pass.end()
        let record = call.endpoint.record
        recorder.left(service: record.serviceID, endpoint: endpointID)
        let summary = QuerySummary(header: head?.summary, queryID: call.requestID)
        var failure: QueryFailure?
        if case .failure(let error) = result { failure = error }
        let hasBegun = state.firstByte != nil
        recorder.record(
            CallRecord(
                requestID: call.requestID, time: time, serviceID: record.serviceID, endpointID: endpointID, version: record.version,
                keyID: call.caller.keyID, tokenSubject: call.caller.subject, status: hasBegun ? 200 : failure?.status ?? status,
                failure: failure.map { .init($0.code, hasBegun && $0.status != 499 ? .midstream : $0.errorClass) },
                firstByte: state.firstByte.map { start.duration(to: $0) }, total: start.duration(to: .now), readRows: summary.readRows,
                readBytes: summary.readBytes, resultRows: summary.resultRows, resultBytes: state.bytes, cache: state.cache, format: format,
                queryID: state.cache == .hit ? "" : call.requestID, parameterHash: parameterHash, clientAddress: call.caller.address))
    }
}

extension QueryFailure {
    /// The class under which the call log counts this failure.
    public var errorClass: CallRecord.ErrorClass {
        switch status {
        case 401, 403: .permission
        case 429: .limit
        case 499: .cancelled
        case 504: .timeout
        case 500...: .upstream
        default: .caller
        }
    }
}
