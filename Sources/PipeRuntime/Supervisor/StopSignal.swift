/// Tells one task to stop, once.
struct StopSignal: Sendable {
    private let stream: AsyncStream<Never>
    private let continuation: AsyncStream<Never>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(of: Never.self) }

    func send() { continuation.finish() }

    /// Returns once sent, or when the task is cancelled.
    func wait() async { for await _ in stream {} }
}
