/// Work that a test can cancel alone, within its own task group.
public struct StoppableTask: Sendable {
    private let stops: AsyncStream<Never>
    private let stopper: AsyncStream<Never>.Continuation

    public init() { (stops, stopper) = AsyncStream.makeStream(of: Never.self) }

    /// Cancels the work, now or as soon as it begins.
    public func stop() { stopper.finish() }

    /// Runs `body` in a child task until it ends; ``stop()`` cancels it.
    public func run<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in stops {}
                return nil
            }
            var result: Result?
            while let ended = try await group.next() {
                if let ended { result = ended }
                group.cancelAll()
            }
            guard let result else { throw CancellationError() }
            return result
        }
    }
}
