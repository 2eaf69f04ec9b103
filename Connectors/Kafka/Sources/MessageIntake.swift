package import PipeCore
import Synchronization

/// Sorts the messages of one member into batches.
///
/// In exactly-once mode each partition has a batch of its own, and all of them share the memory of the replica; otherwise all
/// partitions share one, so that quiet ones do not make small inserts.
package final class MessageIntake<Framing: MessageFraming>: Sendable {
    package typealias Need = Framing.Framer.Need

    final class OpenBatch {
        var framer: Framing.Framer
        var ranges: [KafkaExtent.Range] = []
        var slots: [Int] = []
        var rejected: [RejectedRecord] = []
        var rejectedBytes = 0
        let opened: Duration
        init(_ framer: Framing.Framer, opened: Duration) {
            self.framer = framer
            self.opened = opened
        }
        var byteCount: Int { framer.byteCount + rejectedBytes }
    }

    /// A partition that this member reads.
    private struct Slot {
        let place: TopicPartition
        let topic: String
        /// The next offset to take.
        var next: Int64
        /// The broker had no more when it was asked last.
        var isAtEnd = false
        /// The batch its newest record went to, while it is open, and the partition's range there.
        var batch: OpenBatch?
        var range = 0
    }

    private struct State {
        var slots: [Slot] = []
        var slotByPlace: [TopicPartition: Int] = [:]
        var slotBySource: [ReceivedMessage.Source: Int] = [:]
        var shared: OpenBatch?
        /// Every open batch, oldest first.
        var open: [OpenBatch] = []
        /// Of batches that are one of many.
        var openBytes = 0
        var lastSource: ReceivedMessage.Source?
        var lastSlot = -1
    }

    /// What happened to a handful of messages.
    package struct Taken {
        /// Messages that were read, and their bytes.
        package var count = 0
        package var bytes = 0
        /// The first message left needs this before it can be taken.
        package var need: Need?
        /// What was said of partitions.
        package var faults: [(place: TopicPartition, offset: Int64, fault: KafkaFault)] = []
        package var hasOpened = false
    }

    private let framing: Framing
    private let table: PartitionTable
    private let outbox: Outbox
    private let sizes: KafkaSizes
    private let stopwatch: Stopwatch
    private let buffers: BatchBuffers?
    private let state = Mutex(State())

    /// - Parameter buffers: those of the framing; they keep memory while batches are closed because they are full.
    package init(
        framing: Framing, table: PartitionTable, outbox: Outbox, sizes: KafkaSizes, stopwatch: Stopwatch, buffers: BatchBuffers? = nil
    ) {
        self.buffers = buffers
        self.framing = framing
        self.table = table
        self.outbox = outbox
        self.sizes = sizes
        self.stopwatch = stopwatch
    }

    /// The partitions of this member and where each goes on: what it had and has no more is closed first.
    package func assign(_ starts: [TopicPartition: Int64]) {
        state.withLock { state in
            closeAll(&state, reason: .end)
            state = State()
            for (place, next) in starts {
                state.slotByPlace[place] = state.slots.count
                state.slots.append(Slot(place: place, topic: place.topic, next: next))
            }
        }
    }

    /// Gives all partitions up. What was taken of them is handed on, or with `keeping` false forgotten: whoever has them now reads it
    /// again.
    package func release(keeping: Bool) {
        state.withLock { state in
            if keeping { closeAll(&state, reason: .end) }
            state = State()
        }
    }

    /// Where each partition of this member goes on.
    package var nextOffsets: [TopicPartition: Int64] {
        state.withLock { state in Dictionary(state.slots.map { ($0.place, $0.next) }) { $1 } }
    }

    /// Closes batches that are older than `wait`; when the next one will be, if any is open.
    package func closeDue(now: Duration, wait: Duration) -> Duration? {
        state.withLock { state in
            for batch in state.open where now - batch.opened >= wait { close(batch, &state, reason: .time) }
            return state.open.map { $0.opened + wait }.min()
        }
    }

    /// Closes the shared batch when it is at least half full and all partitions are read to their ends: to wait for more would only
    /// make its records older. To be called while nothing is being written, so that a busy pipe goes on writing full batches.
    package func closeAtEnd() {
        state.withLock { state in
            guard let batch = state.shared, state.slots.allSatisfy(\.isAtEnd) else { return }
            let isHalfFull = batch.byteCount >= sizes.batchBytes / 2 || batch.framer.rowCount >= sizes.batchRows / 2
            if isHalfFull { close(batch, &state, reason: .caughtUp) }
        }
    }

    /// Takes messages until there are no more or one needs something.
    ///
    /// Specialized: which framing it is shows only when the pipe runs, and unspecialized code copies the framer for each look at it.
    @specialized(where Framing == JSONFraming)
    @specialized(where Framing == AvroFraming)
    @specialized(where Framing == AvroRegistryFraming)
    @specialized(where Framing == ProtobufFraming)
    package func take(_ messages: inout ReceivedMessages) -> Taken {
        state.withLock { state in
            var taken = Taken()
            while let message = messages.takeFirst() {
                let slot = slot(of: message, &state)
                if message.isFault {
                    if let slot, message.fault.isEndOfPartition { state.slots[slot].isAtEnd = true }
                    if let slot { taken.faults.append((state.slots[slot].place, message.offset, message.fault)) }
                    continue
                }
                // Left over from before the partition was given up, or read again.
                guard let slot, message.offset >= state.slots[slot].next else { continue }
                if let need = take(message, into: slot, &state, &taken) {
                    taken.need = need
                    messages.putBack(message)
                    break
                }
                taken.count += 1
                taken.bytes += message.byteCount
            }
            return taken
        }
    }

    @inline(__always)
    private func slot(of message: borrowing ReceivedMessage, _ state: inout State) -> Int? {
        let source = message.source
        if source == state.lastSource { return state.lastSlot < 0 ? nil : state.lastSlot }
        let slot: Int
        if let known = state.slotBySource[source] {
            slot = known
        } else {
            slot = state.slotByPlace[TopicPartition(message.topic, source.partition)] ?? -1
            state.slotBySource[source] = slot
        }
        state.lastSource = source
        state.lastSlot = slot
        return slot < 0 ? nil : slot
    }

    @inline(__always)
    private func take(_ message: borrowing ReceivedMessage, into slot: Int, _ state: inout State, _ taken: inout Taken) -> Need? {
        let offset = message.offset
        var isFirstTry = true
        while true {
            let batch: OpenBatch
            if let open = state.slots[slot].batch {
                batch = open
            } else {
                batch = self.batch(for: slot, from: offset, &state, &taken)
            }
            let before = batch.framer.byteCount
            switch batch.framer.append(message.message(topic: state.slots[slot].topic)) {
            case .appended, .skipped: break
            case .rejected(let record):
                batch.rejected.append(record)
                batch.rejectedBytes += record.raw.count + 256
                state.openBytes += record.raw.count + 256
            case .needsFlush where isFirstTry:
                isFirstTry = false
                dropEmptyRange(slot, of: batch, &state)
                close(batch, &state, reason: .rows)
                continue
            case .needsFlush:
                // An empty batch cannot need this: the framer is broken. Told as what it is, without stopping the pipe.
                batch.rejected.append(
                    RejectedRecord(
                        code: .internalError, reason: "the record does not fit into a batch of its own",
                        locator: message.message(topic: state.slots[slot].topic).locator))
            case .needs(let need):
                dropEmptyRange(slot, of: batch, &state)
                return need
            }
            state.openBytes += batch.framer.byteCount - before
            batch.ranges[state.slots[slot].range].last = offset
            state.slots[slot].next = offset + 1
            state.slots[slot].isAtEnd = false
            if batch.framer.rowCount >= sizes.batchRows {
                close(batch, &state, reason: .rows)
            } else if state.openBytes >= sizes.batchBytes {
                closeLargest(&state)
            }
            return nil
        }
    }

    /// Opens a batch, or enters the partition into the shared one.
    private func batch(for slot: Int, from offset: Int64, _ state: inout State, _ taken: inout Taken) -> OpenBatch {
        let batch: OpenBatch
        if let shared = state.shared {
            batch = shared
        } else {
            batch = OpenBatch(framing.makeFramer(), opened: stopwatch.now)
            state.open.append(batch)
            taken.hasOpened = true
            if !table.isExactlyOnce { state.shared = batch }
        }
        state.slots[slot].batch = batch
        state.slots[slot].range = batch.ranges.count
        batch.slots.append(slot)
        // Empty until the record is taken.
        batch.ranges.append(KafkaExtent.Range(state.slots[slot].place, first: offset, last: offset - 1))
        return batch
    }

    /// Takes back a range that was entered for a record that was not taken.
    private func dropEmptyRange(_ slot: Int, of batch: OpenBatch, _ state: inout State) {
        let range = state.slots[slot].range
        guard batch.ranges[range].last < batch.ranges[range].first else { return }
        batch.ranges.removeLast()
        batch.slots.removeLast()
        state.slots[slot].batch = nil
        if batch.ranges.isEmpty {
            state.open.removeAll { $0 === batch }
            if state.shared === batch { state.shared = nil }
        }
    }

    private func closeLargest(_ state: inout State) {
        if let largest = state.open.max(by: { $0.byteCount < $1.byteCount }) { close(largest, &state, reason: .bytes) }
    }

    private func closeAll(_ state: inout State, reason: FlushReason) {
        for batch in state.open { close(batch, &state, reason: reason) }
    }

    /// Hands a batch on. Under the lock, so that the batches of a partition leave in order.
    private func close(_ batch: OpenBatch, _ state: inout State, reason: FlushReason) {
        state.open.removeAll { $0 === batch }
        if state.shared === batch { state.shared = nil }
        for slot in batch.slots { state.slots[slot].batch = nil }
        buffers?.keepsBuffers(reason == .bytes || reason == .rows)
        guard !batch.ranges.isEmpty else { return }
        state.openBytes -= batch.byteCount
        let ranges = batch.ranges.sorted { $0.place < $1.place }
        let epoch = table.advance(ranges)
        outbox.put(
            ClosedBatch(ranges: ranges, rows: batch.framer.finish(), rejected: batch.rejected, reason: reason, epoch: epoch))
    }
}
