package import AsyncHTTPClient
import NIOConcurrencyHelpers
package import NIOCore
package import NIOHTTP1

/// The answer of one statement, moved on by the event loop that receives it: no task, no actor and no thread hop per piece.
///
/// Begin with ``begin()``. When it says `streaming`, take the rest with ``forward(_:)`` or with ``next()``, not with both. A piece is asked of
/// the server only when the piece before was taken: that is the back-pressure. Who does not read to the end must call ``stop(_:)``.
package final class AnswerRelay: Sendable {
    /// What the server said before the first byte.
    package struct Head: Sendable {
        package var contentType: String?
        package var format: String?
        /// `X-ClickHouse-Summary` as it came; see ``QuerySummary``.
        package var summary: String?
        package var queryID: String
    }

    package enum Beginning: Sendable {
        /// The whole answer: it was short and the server made it at once.
        case complete(ByteBuffer)
        case streaming
    }

    package enum Reason: Sendable { case timeUp, callerLeft }

    private struct State {
        var scanner: ExceptionScanner?
        var head: Head?
        /// Set when the answer is an error; its text is collected in `held`.
        var refusal: HTTPResponseHead?
        /// Received and not taken yet.
        var held = ByteBuffer()
        /// Completes when `held` is taken; the server is not read until then.
        var taken: EventLoopPromise<Void>?
        var ending: Result<Void, ClickHouseError>?
        var reader = Reader.none
        var task: HTTPClient.Task<Void>?
        var timer: Scheduled<Void>?
        var pause: Scheduled<Void>?
        var reason: Reason?
        /// Whoever takes the pieces took the last one no more.
        var isSinkBroken = false
    }

    private enum Reader {
        case none
        /// Waits for the first piece or the end.
        case beginning(CheckedContinuation<Void, Never>)
        case piece(CheckedContinuation<Void, Never>)
        case sink(@Sendable (ByteBuffer) -> EventLoopFuture<Void>, CheckedContinuation<Void, Never>)
    }

    /// Above this the server is not read before somebody takes what is there.
    private static let mostHeld = 256 << 10
    /// How long an end that follows close behind the first bytes is waited for: then the answer is `complete`.
    private static let endPatience: TimeAmount = .milliseconds(1)

    private let loop: any EventLoop
    private let call: StatementCall
    /// The body that is still being sent, for an INSERT.
    private let upload: RelayUpload?
    private let state = NIOLockedValueBox(State())

    init(call: StatementCall, loop: any EventLoop, upload: RelayUpload? = nil) {
        self.call = call
        self.loop = loop
        self.upload = upload
    }

    package var queryID: String { call.queryID }

    func started(_ task: HTTPClient.Task<Void>) {
        let isStopped = state.withLockedValue { state in
            if state.ending == nil { state.task = task }
            return state.reason != nil
        }
        if isStopped { task.cancel() }
    }

    /// Stops the statement when it has not ended in this time from now; nil lifts the limit. Replaces the limit before.
    package func limit(to timeout: Duration?) {
        let timer = timeout.map { loop.scheduleTask(in: TimeAmount($0)) { [weak self] () -> Void in self?.stop(.timeUp) } }
        let obsolete = state.withLockedValue { state in
            guard state.ending == nil else { return timer }
            defer { state.timer = timer }
            return state.timer
        }
        obsolete?.cancel()
    }

    func failedToStart(_ error: any Error) { end(.failure(call.failure(error))) }

    // MARK: Reading

    package var head: Head? { state.withLockedValue { $0.head } }

    /// Waits for the head and the first bytes. Throws what the server said instead of an answer.
    package func begin() async throws(ClickHouseError) -> Beginning {
        await withCheckedContinuation { continuation in
            let isReady = state.withLockedValue { state in
                if state.ending != nil { return true }
                state.reader = .beginning(continuation)
                return false
            }
            if isReady { continuation.resume() }
        }
        let (ending, held) = state.withLockedValue { state -> (Result<Void, ClickHouseError>?, ByteBuffer) in
            guard case .success = state.ending else { return (state.ending, ByteBuffer()) }
            defer { state.held = ByteBuffer() }
            return (state.ending, state.held)
        }
        switch ending {
        case nil: return .streaming
        case .success: return .complete(held)
        case .failure(let error): throw error
        }
    }

    /// The next bytes, nil at the end. One reader.
    package func next() async throws(ClickHouseError) -> ByteBuffer? {
        while true {
            let (piece, taken, ending) = state.withLockedValue { state in
                let piece = state.held
                let taken = state.taken
                state.held = ByteBuffer()
                state.taken = nil
                return (piece, taken, state.ending)
            }
            taken?.succeed()
            if case .failure(let error) = ending { throw error }
            if piece.readableBytes > 0 { return piece }
            if ending != nil { return nil }
            await withCheckedContinuation { continuation in
                let isReady = state.withLockedValue { state in
                    if state.ending != nil || state.held.readableBytes > 0 { return true }
                    state.reader = .piece(continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    /// Undoes ``next()``: these bytes are read again, before what follows them.
    package func giveBack(_ bytes: ByteBuffer) {
        state.withLockedValue { state in
            var bytes = bytes
            bytes.writeImmutableBuffer(state.held)
            state.held = bytes
        }
    }

    /// Hands every piece to `sink` on the relay's event loop and returns when the last one is taken. A sink that fails ends the relay, and
    /// the statement is stopped.
    package func forward(_ sink: @escaping @Sendable (ByteBuffer) -> EventLoopFuture<Void>) async throws(ClickHouseError) {
        await withCheckedContinuation { continuation in
            loop.execute { [self] in
                let (piece, taken, isOver) = state.withLockedValue { state in
                    let piece = state.held
                    let taken = state.taken
                    state.held = ByteBuffer()
                    state.taken = nil
                    let isOver = state.ending != nil
                    if !isOver { state.reader = .sink(sink, continuation) }
                    return (piece, taken, isOver)
                }
                let isFailed = if case .failure = state.withLockedValue({ $0.ending }) { true } else { false }
                let written = piece.readableBytes > 0 && !isFailed ? sink(piece) : loop.makeSucceededVoidFuture()
                written.hop(to: loop).whenComplete { [self] result in
                    if case .failure = result { stop(.callerLeft) }
                    taken?.completeWith(result)
                    if isOver { continuation.resume() }
                }
            }
        }
        if case .failure(let error) = state.withLockedValue({ $0.ending }) { throw error }
    }

    /// Ends the statement here and, with KILL QUERY, on the server. Returns at once; does nothing after the end.
    package func stop(_ reason: Reason) {
        let (isFirst, task) = state.withLockedValue { state in
            guard state.ending == nil, state.reason == nil else { return (false, nil as HTTPClient.Task<Void>?) }
            state.reason = reason
            return (true, state.task)
        }
        guard isFirst else { return }
        call.startKill()
        task?.cancel()
    }

    // MARK: Receiving, on the event loop

    private func end(_ result: Result<Void, ClickHouseError>, rest: ByteBuffer? = nil) {
        let (reader, taken, timers) = state.withLockedValue { state in
            guard state.ending == nil else { return (Reader.none, nil as EventLoopPromise<Void>?, [nil, nil] as [Scheduled<Void>?]) }
            state.ending = result
            if let rest { state.held.writeImmutableBuffer(rest) }
            let reader = state.reader
            let taken = state.taken
            let timers = [state.timer, state.pause]
            (state.reader, state.taken, state.timer, state.pause, state.task) = (.none, nil, nil, nil, nil)
            return (reader, taken, timers)
        }
        for timer in timers { timer?.cancel() }
        upload?.close()
        taken?.succeed()
        switch reader {
        case .none: break
        case .beginning(let continuation), .piece(let continuation): continuation.resume()
        case .sink(let sink, let continuation):
            guard case .success = result, let rest, rest.readableBytes > 0 else { return continuation.resume() }
            sink(rest).whenComplete { _ in continuation.resume() }
        }
    }

    /// The first bytes are there; whoever waits for the beginning goes on.
    private func stopWaitingForEnd() {
        let continuation = state.withLockedValue { state in
            guard case .beginning(let continuation) = state.reader else { return nil as CheckedContinuation<Void, Never>? }
            state.reader = .none
            state.pause = nil
            return continuation
        }
        continuation?.resume()
    }

    private func failure(_ error: any Error, _ reason: Reason?) -> ClickHouseError {
        switch reason {
        case .timeUp: call.failure(StatementTimeout())
        case .callerLeft: call.failure(CancellationError())
        case nil: call.failure(error)
        }
    }
}

extension AnswerRelay: HTTPClientResponseDelegate {
    package func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLockedValue { state in
            guard head.status == .ok, !head.headers.contains(name: "X-ClickHouse-Exception-Code") else {
                state.refusal = head
                return
            }
            state.scanner = ExceptionScanner(head.headers)
            state.head = Head(
                contentType: head.headers.first(name: "Content-Type"), format: head.headers.first(name: "X-ClickHouse-Format"),
                summary: head.headers.first(name: "X-ClickHouse-Summary"), queryID: call.queryID)
        }
        return loop.makeSucceededVoidFuture()
    }

    package func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        enum Step {
            case go
            case wait(EventLoopFuture<Void>)
            case wake(CheckedContinuation<Void, Never>)
            case pause
            case send(@Sendable (ByteBuffer) -> EventLoopFuture<Void>, ByteBuffer)
        }
        let step = state.withLockedValue { state -> Step in
            if state.refusal != nil {
                if state.held.readableBytes < 1 << 20 { state.held.writeImmutableBuffer(buffer) }
                return .go
            }
            guard let data = state.scanner?.push(buffer) else { return .go }
            if case .sink(let sink, _) = state.reader { return .send(sink, data) }
            if state.held.readableBytes == 0 { state.held = data } else { state.held.writeImmutableBuffer(data) }
            switch state.reader {
            case .piece(let continuation):
                state.reader = .none
                return .wake(continuation)
            case .beginning(let continuation) where state.held.readableBytes >= 16 << 10:
                state.reader = .none
                return .wake(continuation)
            case .beginning where state.pause == nil: return .pause
            case .none where state.held.readableBytes >= Self.mostHeld:
                let promise = state.taken ?? loop.makePromise(of: Void.self)
                state.taken = promise
                return .wait(promise.futureResult)
            default: return .go
            }
        }
        switch step {
        case .go: break
        case .wait(let taken): return taken
        case .wake(let continuation): continuation.resume()
        case .send(let sink, let data):
            return sink(data).flatMapErrorThrowing { [state] error in
                state.withLockedValue { $0.isSinkBroken = true }
                throw error
            }
        case .pause:
            let pause = loop.scheduleTask(in: Self.endPatience) { [weak self] () -> Void in self?.stopWaitingForEnd() }
            state.withLockedValue { $0.pause = pause }
        }
        return loop.makeSucceededVoidFuture()
    }

    package func didFinishRequest(task: HTTPClient.Task<Void>) throws {
        let (ending, rest) = state.withLockedValue { state -> (Result<Void, ClickHouseError>, ByteBuffer?) in
            if let refusal = state.refusal {
                return (
                    .failure(
                        call.failure(text: String(buffer: state.held), status: Int(refusal.status.code), headers: refusal.headers)), nil
                )
            }
            switch state.scanner?.finish(aborted: false) {
            case .complete(let rest): return (.success(()), rest)
            case .exception(let text): return (.failure(call.failure(text: text, status: 200)), nil)
            case nil: return (.success(()), nil)
            }
        }
        end(ending, rest: rest)
    }

    package func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) {
        let (ending, mustKill) = state.withLockedValue { state -> (ClickHouseError, Bool) in
            if state.reason == nil, case .exception(let text) = state.scanner?.finish(aborted: true) {
                return (call.failure(text: text, status: 200), false)
            }
            if state.reason == nil, let refusal = state.refusal {
                return (call.failure(text: String(buffer: state.held), status: Int(refusal.status.code), headers: refusal.headers), false)
            }
            let mustKill = state.isSinkBroken && state.reason == nil
            return (failure(error, mustKill ? .callerLeft : state.reason), mustKill)
        }
        if mustKill { call.startKill() }
        end(.failure(ending))
    }
}
