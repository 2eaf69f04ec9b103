public import PipeCore
import Synchronization

/// Records of Kafka topics as batches.
///
/// Each replica of the pipe is a member of the consumer group. Where partitions go on is the pipe's own knowledge: its checkpoint, and by
/// default also what was committed to the group, whichever is further. In exactly-once mode each partition is a lane of its own, and
/// only the checkpoint counts; offsets are committed then for monitoring only.
public final class KafkaSource: Source {
    public typealias Extent = KafkaExtent

    let configuration: KafkaConfiguration
    let context: SourceContext
    let mint: (any TokenMint)?
    /// The run under way, to hear of what is settled.
    private let current = Mutex<(@Sendable (KafkaPosition) -> Void)?>(nil)

    package init(_ configuration: KafkaConfiguration, context: SourceContext, mint: (any TokenMint)? = nil) {
        self.configuration = configuration
        self.context = context
        self.mint = mint
    }

    public func read(from checkpoint: Checkpoint<KafkaExtent>, into output: some BatchOutput<KafkaExtent>) async throws {
        // Exactly once, each partition has a batch of its own, mostly a small one.
        let buffers = configuration.exactlyOnce == true ? nil : BatchBuffers(limit: context.scaling.replicas + 3)
        let framing = try configuration.makeFraming(FramingOptions(configuration, context, buffers: buffers))
        try await read(from: checkpoint, framing: framing, buffers: buffers, into: output)
    }

    private func read(
        from checkpoint: Checkpoint<KafkaExtent>, framing: some MessageFraming, buffers: BatchBuffers?,
        into output: some BatchOutput<KafkaExtent>
    ) async throws {
        let table = PartitionTable(checkpoint, isExactlyOnce: configuration.exactlyOnce == true)
        let run = KafkaRun(self, framing: framing, buffers: buffers, checkpoint: checkpoint, table: table, output: output)
        current.withLock { $0 = run.acknowledge }
        defer { current.withLock { $0 = nil } }
        do {
            try await run.run()
        } catch let fault as KafkaFault {
            // A cancelled call looks like one that failed.
            try Task.checkCancellation()
            throw fault.pipeError(configuration.brokers)
        }
    }

    /// Commits to the group, without waiting for its answer: the checkpoint is what counts.
    public func acknowledge(_ position: KafkaPosition, in lane: Lane) async throws { current.withLock { $0 }?(position) }
}

extension KafkaRun {
    var acknowledge: @Sendable (KafkaPosition) -> Void {
        { [weak self] position in
            guard let self else { return }
            table.settled.update { settled in settled.merge(position.offsets) { $1 } }
            // Lanes of partitions settle one by one: the next tick commits them together.
            if !table.isExactlyOnce { for member in members.withLock({ $0 }) { member.haveSettled() } }
        }
    }
}

extension FramingOptions {
    init(_ configuration: KafkaConfiguration, _ context: SourceContext, buffers: BatchBuffers?) {
        let sizes = KafkaSizes(context.scaling)
        let used = Set(context.mappings.map(\.sourceField))
        self.init(
            columns: KafkaConfiguration.virtualColumns.filter { used.contains($0.name) }, largestMessage: sizes.largestMessage,
            batchBytes: sizes.batchBytes, buffers: buffers)
    }
}
