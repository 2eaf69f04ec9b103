import PipeCore

/// Reads journaled batches again, each with exactly its old boundaries, without the group.
///
/// All partitions at a time, each from its first range on; a batch leaves when it is complete and those before it in its lane have
/// left. What waits for that is no more than was in flight before.
struct KafkaReplay<Framing: MessageFraming> {
    /// Most time without a record.
    static var patience: Duration { .seconds(30) }

    let pending: [PendingBatch<KafkaExtent>]
    let framing: Framing
    let client: KafkaClient
    let stopwatch: Stopwatch
    let log: any PipeLog
    let brokers: String

    func run(into output: some BatchOutput<KafkaExtent>) async throws {
        var plan = ReplayPlan(pending)
        let low = try await client.offsets(at: .beginning, of: plan.places)
        var framers = pending.map { _ in framing.makeFramer() }
        var rejected = pending.map { _ in [RejectedRecord]() }
        var readings: [TopicPartition: PartitionReading] = [:]
        for place in plan.places {
            guard let start = plan.begin(place, low: low[place] ?? 0, gone: { warn(place, $0) }) else { continue }
            readings[place] = try client.start(place, at: start)
        }
        try await emit(plan.takeComplete(), &framers, &rejected, into: output)

        var messages = ReceivedMessages()
        while !plan.isComplete {
            if messages.isEmpty, messages.fill(from: client.messages) == 0 {
                try await waitForMessages()
                continue
            }
            while let message = messages.takeFirst() {
                let place = TopicPartition(message.topic, message.source.partition)
                if message.isFault {
                    let fault = message.fault
                    if fault.isEndOfPartition {
                        plan.ended(place, at: message.offset) { warn(place, $0) }
                    } else if !fault.isConnectionLoss {
                        throw fault.pipeError(brokers, topic: place.topic)
                    }
                } else if let batch = plan.batch(of: message.offset, in: place) {
                    switch framers[batch].append(message.message(topic: place.topic)) {
                    case .appended, .skipped: break
                    case .rejected(let record): rejected[batch].append(record)
                    case .needs(let need):
                        messages.putBack(message)
                        try await framing.resolve(need)
                        continue
                    case .needsFlush:
                        throw PipeError(
                            .internalError, .bug, side: .source,
                            "batch \(pending[batch].id) cannot be made again: its records no longer fit into one batch")
                    }
                    plan.took(message.offset, in: place)
                }
            }
            for place in plan.takeFinished() { try await readings.removeValue(forKey: place)?.stop() }
            try await emit(plan.takeComplete(), &framers, &rejected, into: output)
        }
    }

    private func emit(
        _ complete: [Int], _ framers: inout [Framing.Framer], _ rejected: inout [[RejectedRecord]],
        into output: some BatchOutput<KafkaExtent>
    ) async throws {
        for index in complete {
            let batch = pending[index]
            for record in rejected[index] { await output.reject(record) }
            let rows = framers[index].finish()
            framers[index] = framing.makeFramer()
            rejected[index] = []
            try await output.emit(
                Batch(id: batch.id, lane: batch.lane, extent: batch.extent, payload: .rows(rows), reason: .replay))
        }
    }

    private func waitForMessages() async throws {
        let (client, stopwatch, brokers) = (client, stopwatch, brokers)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await client.messageSignal.wait() }
            group.addTask {
                try await stopwatch.sleep(for: Self.patience)
                throw PipeError(
                    .sourceUnreachable, .retry, side: .source,
                    "failed to access \(brokers): no record came for 30 seconds while batches were read again")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func warn(_ place: TopicPartition, _ gone: ClosedRange<Int64>) {
        log.log(
            .warning, "SOURCE_RECORDS_GONE",
            "offsets \(gone.lowerBound) to \(gone.upperBound) of topic '\(place.topic)', partition \(place.partition), are no longer there; what was not written of them before the restart is lost"
        )
    }
}
