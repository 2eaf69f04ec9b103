import NIOConcurrencyHelpers
package import NIOCore
import NIOHTTP1

/// The answer of one statement, moved on by the event loop that receives it: no task, no actor and no thread hop per piece.
///
/// Begin with ``begin()``. When it says `streaming`, take the rest with ``forward(_:)`` or with ``next()``, not with both. While nobody takes
/// the pieces, the server is not read: that is the back-pressure. Who does not read to the end must call ``stop(_:)``. Bytes that arrived
/// before a failure are handed over before it is thrown.
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
        var ending: Result<Void, ClickHouseError>?
        var reader = Reader.none
        var exchange: UpstreamExchange?
        /// Nothing is read of the server until this is resumed.
        var isPaused = false
        var isSinkBusy = false
        /// Whoever takes the pieces took the last one no more.
        var isSinkBroken = false
        var timer: Scheduled<Void>?
        var pause: Scheduled<Void>?
        var reason: Reason?

        mutating func hold(_ bytes: ByteBuffer) {
            if held.readableBytes == 0 { held = bytes } else { held.writeImmutableBuffer(bytes) }
        }

        mutating func takeHeld() -> ByteBuffer {
            defer { held = ByteBuffer() }
            return held
        }

        mutating func takePause() -> UpstreamExchange? {
            guard isPaused else { return nil }
            isPaused = false
            return exchange
        }
    }

    private enum Reader {
        case none
        /// Waits for the first piece or the end.
        case beginning(CheckedContinuation<Void, Never>)
        case piece(CheckedContinuation<Void, Never>)
        case sink(any AnswerSink, CheckedContinuation<Void, Never>)
    }

    /// Above this the server is not read before somebody takes what is there.
    private static let mostHeld = 256 << 10
    /// How long an end that follows close behind the first bytes is waited for: then the answer is `complete`.
    private static let endPatience: TimeAmount = .milliseconds(1)

    package let loop: any EventLoop
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

    func start(_ request: UpstreamRequest, through upstream: Upstream) {
        let exchange = UpstreamExchange(request, on: loop, reader: self)
        state.withLockedValue { $0.exchange = exchange }
        upload?.begin(exchange)
        upstream.start(exchange)
    }

    func failedToStart(_ error: any Error) { end(.failure(call.failure(error))) }

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

    // MARK: Reading

    package var head: Head? { state.withLockedValue { $0.head } }

    /// Waits for the head and the first bytes. Throws what the server said instead of an answer.
    package func begin() async throws(ClickHouseError) -> Beginning {
        await wait { state, continuation in
            if state.ending != nil { return false }
            state.reader = .beginning(continuation)
            return true
        }
        let (ending, held) = state.withLockedValue { state -> (Result<Void, ClickHouseError>?, ByteBuffer) in
            guard case .success = state.ending else { return (state.ending, ByteBuffer()) }
            return (state.ending, state.takeHeld())
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
            let (piece, ending, paused) = state.withLockedValue { ($0.takeHeld(), $0.ending, $0.takePause()) }
            paused?.resume()
            if piece.readableBytes > 0 { return piece }
            switch ending {
            case .success?: return nil
            case .failure(let error)?: throw error
            case nil: break
            }
            await wait { state, continuation in
                if state.ending != nil || state.held.readableBytes > 0 { return false }
                state.reader = .piece(continuation)
                return true
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

    /// Hands every piece to `sink` on the relay's event loop and returns when the last one has been passed on. A sink that fails ends the
    /// relay, and the statement is stopped.
    package func forward(_ sink: some AnswerSink) async throws(ClickHouseError) {
        await withCheckedContinuation { continuation in
            state.withLockedValue { state in
                state.reader = .sink(sink, continuation)
                // So that nothing goes to it before what is held.
                state.isSinkBusy = true
            }
            if loop.inEventLoop { feedSink() } else { loop.execute { self.feedSink() } }
        }
        let (ending, isBroken) = state.withLockedValue { ($0.ending, $0.isSinkBroken) }
        if case .failure(let error) = ending { throw error }
        if isBroken { throw call.failure(CancellationError()) }
    }

    /// Suspends when `install` has taken the continuation into its care.
    private func wait(_ install: (inout State, CheckedContinuation<Void, Never>) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isInstalled = state.withLockedValue { install(&$0, continuation) }
            if !isInstalled { continuation.resume() }
        }
    }

    /// Ends the statement here and, with KILL QUERY, on the server. Returns at once; does nothing after the end.
    package func stop(_ reason: Reason) {
        let (isFirst, exchange) = state.withLockedValue { state in
            guard state.ending == nil, state.reason == nil else { return (false, nil as UpstreamExchange?) }
            state.reason = reason
            return (true, state.exchange)
        }
        guard isFirst else { return }
        call.startKill()
        exchange?.cancel()
    }

    // MARK: Passing on, on the event loop

    /// Gives the sink what is held, until it wants to wait, and the continuation back when all is passed on.
    private func feedSink() {
        enum Step {
            case take(any AnswerSink, ByteBuffer)
            case flush(any AnswerSink, CheckedContinuation<Void, Never>)
            case ready(UpstreamExchange?)
        }
        while true {
            let step = state.withLockedValue { state -> Step in
                guard case .sink(let sink, let continuation) = state.reader else { return .ready(nil) }
                if state.held.readableBytes > 0 { return .take(sink, state.takeHeld()) }
                if state.ending != nil {
                    state.reader = .none
                    return .flush(sink, continuation)
                }
                state.isSinkBusy = false
                return .ready(state.takePause())
            }
            switch step {
            case .take(let sink, let piece):
                if let ready = sink.take(piece) { return whenSinkIsReady(ready) }
            case .flush(let sink, let continuation):
                return sink.flush().hop(to: loop).whenComplete { [state] result in
                    if case .failure = result { state.withLockedValue { $0.isSinkBroken = true } }
                    continuation.resume()
                }
            case .ready(let paused):
                paused?.resume()
                return
            }
        }
    }

    private func whenSinkIsReady(_ ready: EventLoopFuture<Void>) {
        ready.hop(to: loop).whenComplete { [self] result in
            if case .failure = result {
                state.withLockedValue { state in
                    state.isSinkBroken = true
                    state.held = ByteBuffer()
                }
                stop(.callerLeft)
            }
            feedSink()
        }
    }

    // MARK: Receiving, on the event loop

    private func end(_ result: Result<Void, ClickHouseError>, rest: ByteBuffer? = nil) {
        let (reader, mustFeed, timers) = state.withLockedValue { state in
            guard state.ending == nil else { return (Reader.none, false, [nil, nil] as [Scheduled<Void>?]) }
            state.ending = result
            if let rest { state.hold(rest) }
            let timers = [state.timer, state.pause]
            (state.timer, state.pause, state.exchange, state.isPaused) = (nil, nil, nil, false)
            if case .sink = state.reader { return (Reader.none, !state.isSinkBusy, timers) }
            defer { state.reader = .none }
            return (state.reader, false, timers)
        }
        for timer in timers { timer?.cancel() }
        upload?.close()
        switch reader {
        case .none, .sink: break
        case .beginning(let continuation), .piece(let continuation): continuation.resume()
        }
        if mustFeed { feedSink() }
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
}

extension AnswerRelay: UpstreamReader {
    func mayWrite() { upload?.mayWrite() }

    func receive(_ head: HTTPResponseHead) {
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
    }

    func receive(_ bytes: ByteBuffer) -> Bool {
        enum Step {
            case none
            case wake(CheckedContinuation<Void, Never>)
            case pause
            case take(any AnswerSink, ByteBuffer)
        }
        let step = state.withLockedValue { state -> Step in
            if state.refusal != nil {
                if state.held.readableBytes < 1 << 20 { state.hold(bytes) }
                return .none
            }
            guard let data = state.scanner?.push(bytes) else { return .none }
            if case .sink(let sink, _) = state.reader, !state.isSinkBusy { return .take(sink, data) }
            state.hold(data)
            switch state.reader {
            case .piece(let continuation):
                state.reader = .none
                return .wake(continuation)
            case .beginning(let continuation) where state.held.readableBytes >= 16 << 10:
                state.reader = .none
                return .wake(continuation)
            case .beginning where state.pause == nil: return .pause
            case .beginning: return .none
            case .sink: state.isPaused = state.ending == nil
            case .none: state.isPaused = state.ending == nil && state.held.readableBytes >= Self.mostHeld
            }
            return .none
        }
        switch step {
        case .none: break
        case .wake(let continuation): continuation.resume()
        case .take(let sink, let data):
            guard let ready = sink.take(data) else { break }
            let isOver = state.withLockedValue { state in
                state.isSinkBusy = true
                state.isPaused = state.ending == nil
                return state.ending != nil
            }
            if !isOver { whenSinkIsReady(ready) }
        case .pause:
            let pause = loop.scheduleTask(in: Self.endPatience) { [weak self] () -> Void in self?.stopWaitingForEnd() }
            state.withLockedValue { $0.pause = pause }
        }
        return state.withLockedValue { !$0.isPaused }
    }

    func finish(_ error: (any Error)?) {
        let (ending, rest) = state.withLockedValue { state -> (Result<Void, ClickHouseError>, ByteBuffer?) in
            if let reason = state.reason {
                return (.failure(call.failure(reason == .timeUp ? StatementTimeout() : CancellationError())), nil)
            }
            if let refusal = state.refusal {
                let text = String(buffer: state.takeHeld())
                return (.failure(call.failure(text: text, status: Int(refusal.status.code), headers: refusal.headers)), nil)
            }
            switch state.scanner?.finish(aborted: error != nil) {
            case .exception(let text)?: return (.failure(call.failure(text: text, status: 200)), nil)
            case .complete(let rest)?: return (error.map { .failure(call.failure($0)) } ?? .success(()), rest)
            case nil: return (error.map { .failure(call.failure($0)) } ?? .success(()), nil)
            }
        }
        end(ending, rest: rest)
    }
}
