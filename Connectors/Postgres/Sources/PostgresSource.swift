public import PipeCore
import Synchronization

/// Tables of a Postgres database: a copy of each, and every change from then on.
///
/// The lane `changes` is the stream; each table has a lane that says how it is loaded, and one for each piece of it. A copy may be older or newer than
/// the stream: its rows have version 0 and lose against every change, so that target and source are equal once the stream has passed the copy.
public final class PostgresSource: Source {
    public typealias Extent = PostgresExtent

    let configuration: PostgresConfiguration
    let context: SourceContext
    private let prefersText = Flag()
    private let current = Mutex<PostgresRun?>(nil)

    package init(_ configuration: PostgresConfiguration, context: SourceContext) {
        self.configuration = configuration
        self.context = context
    }

    public func read(from checkpoint: Checkpoint<PostgresExtent>, into output: some BatchOutput<PostgresExtent>) async throws {
        let run = PostgresRun(configuration, context, prefersText: prefersText)
        current.withLock { $0 = run }
        defer { current.withLock { $0 = nil } }
        do {
            try await PostgresPipe(run: run, checkpoint: checkpoint, output: output).run()
        } catch let error as PostgresError {
            try Task.checkCancellation()
            throw error.about(run.target.address).pipeError
        } catch let error as WireError {
            throw PipeError(
                .internalError, .bug, side: .source, "what Postgres sent \(error): this version of Penstock does not understand it")
        }
    }

    /// Lets the server give up log that is no longer needed, with the next status message.
    public func acknowledge(_ position: PostgresPosition, in lane: Lane) async throws {
        guard lane == .changes, let stream = position.stream else { return }
        current.withLock { $0 }?.acknowledge(stream)
    }
}
