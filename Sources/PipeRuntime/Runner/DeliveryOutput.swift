import PipeCore
import Synchronization

/// Where a source puts its batches: each is journaled before anything of it may reach the destination.
struct DeliveryOutput<S: Source>: BatchOutput {
    let delivery: Delivery<S>

    func emit(_ batch: Batch<S.Extent>) async throws {
        let isReplay: Bool
        do {
            isReplay = try delivery.replays.withLock { try $0.claim(batch.id, lane: batch.lane, extent: batch.extent) }
            let now = delivery.retrier.stopwatch.now
            let weight = max(1, batch.payload.bytesInMemory)
            let metrics = delivery.context.metrics
            let opened = delivery.ledger.withLock { ledger in
                defer { metrics.inFlight(batches: ledger.gauges.openBatches, bytes: ledger.gauges.bytesInFlight) }
                return ledger.open(batch.id, in: batch.lane, extent: batch.extent, bytes: weight, at: now)
            }
            guard let ticket = opened else {
                throw PipeError(.internalError, .bug, side: .source, "the source emitted batch \(batch.id) twice")
            }
            if !isReplay { try await journal(batch) }
            metrics.fetched(batch.payload, reason: isReplay ? .replay : batch.reason)
            try await delivery.window.send(
                Delivery<S>.Item(ticket: ticket, batch: batch, weight: weight, emitted: now), weight: weight)
        } catch {
            // Whatever the source makes of this error, the run must not go on without the batch.
            if !(error is CancellationError) { delivery.window.fail(PipeError.classified(error, side: .penstock)) }
            throw error
        }
        // A repetition comes from the journal and proves nothing about the source.
        if isReplay { return }
        await delivery.health.succeeded()
        if delivery.context.family == .database { try await delivery.phase.began() }
    }

    func reject(_ record: RejectedRecord) async {
        delivery.context.metrics.rejected([record])
        await delivery.warehouse.reject([record])
    }

    func alive(lag: SourceLag?) async {
        if let lag { delivery.context.metrics.lag(lag) }
        await delivery.health.succeeded()
    }

    func count(_ event: String) { delivery.context.metrics.happened(event) }

    func change(_ changes: [TableChange]) async throws {
        do {
            try await delivery.drain()
            for change in changes {
                let isDone = try await delivery.retrier(.destination) { try await delivery.warehouse.change(change) }
                if isDone { delivery.context.log.log(.info, nil, "done: \(change)") }
            }
        } catch {
            // Rows for the table as it should be must not follow.
            if !(error is CancellationError) { delivery.window.fail(PipeError.classified(error, side: .penstock)) }
            throw error
        }
    }

    func schemaChanged(_ target: String, _ text: String) async { delivery.tables.schemaChanged(target, text) }

    func progress(_ tables: [TableProgress]) async {
        let summary = delivery.tables.report(tables)
        await delivery.health.succeeded()
        do {
            try await delivery.phase.follow(summary)
        } catch {
            if !(error is CancellationError) { delivery.window.fail(PipeError.classified(error, side: .penstock)) }
        }
    }

    private func journal(_ batch: Batch<S.Extent>) async throws {
        let stored = StoredBatch(id: batch.id, lane: batch.lane, extent: try JSONValue(encoding: batch.extent))
        let context = delivery.context
        try await delivery.retrier(.penstock) { try await context.store.open(stored, of: context.pipe) }
    }
}
