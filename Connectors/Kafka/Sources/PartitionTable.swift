package import PipeCore
import Synchronization

/// What one run of a pipe knows of its partitions, shared by all its readers: how far each was handed on, who reads it, how far it is
/// settled.
package final class PartitionTable: Sendable {
    private struct Entry {
        /// The next offset to hand on; nil until a start was found.
        var next: Int64?
        var epoch = 0
        var owner: Int?
        /// What the strategy says, while there is no position.
        var chosen: Int64?
        /// Where this run began.
        var start: Int64?
        /// The end of what this run handed on.
        var handedOn: Int64?
    }
    private struct State {
        var entries: [TopicPartition: Entry] = [:]
        /// Topics of which the pipe has read before: a partition of theirs without a position is new.
        var begun: Set<String> = []
        var epoch = 0
    }
    private let state: Mutex<State>
    /// Next offsets that are durable at the destination and in the checkpoint.
    package let settled = Watched<[TopicPartition: Int64]>([:])
    package let isExactlyOnce: Bool

    package init(_ checkpoint: Checkpoint<KafkaExtent>, isExactlyOnce: Bool) {
        self.isExactlyOnce = isExactlyOnce
        var state = State()
        func note(_ position: KafkaPosition) {
            state.epoch = max(state.epoch, position.epoch)
            for (place, next) in position.offsets {
                var entry = state.entries[place] ?? Entry()
                // A raised epoch may go back.
                if position.epoch > entry.epoch || next > entry.next ?? -1 { entry.next = next }
                entry.epoch = max(entry.epoch, position.epoch)
                state.entries[place] = entry
                state.begun.insert(place.topic)
            }
        }
        for position in checkpoint.positions.values { note(position) }
        for pending in checkpoint.pending { note(pending.extent.end) }
        self.state = Mutex(state)
    }

    package struct Standing: Hashable, Sendable {
        package var next: Int64?
        /// Where the strategy begins, for partitions that were there when the run began.
        package var chosen: Int64?
        package var epoch: Int

        package init(next: Int64? = nil, chosen: Int64? = nil, epoch: Int = 0) {
            self.next = next
            self.chosen = chosen
            self.epoch = epoch
        }
    }

    package func standing(_ place: TopicPartition) -> Standing {
        state.withLock { state in
            let entry = state.entries[place]
            return Standing(
                next: entry?.next, chosen: entry?.chosen, epoch: isExactlyOnce ? entry?.epoch ?? state.epoch : state.epoch)
        }
    }

    func choose(_ choices: [TopicPartition: Int64]) {
        state.withLock { state in
            for (place, next) in choices { state.entries[place, default: Entry(epoch: state.epoch)].chosen = next }
        }
    }

    func hasBegun(_ topic: String) -> Bool { state.withLock { $0.begun.contains(topic) } }

    /// The member that reads a partition, or did last.
    func owner(_ place: TopicPartition) -> Int? { state.withLock { $0.entries[place]?.owner } }

    func clearOwners() {
        state.withLock { state in for place in state.entries.keys { state.entries[place]?.owner = nil } }
    }

    func setOwner(_ member: Int?, of places: some Sequence<TopicPartition>) {
        state.withLock { state in for place in places { state.entries[place, default: Entry(epoch: state.epoch)].owner = member } }
    }

    package func start(_ place: TopicPartition, at next: Int64) {
        state.withLock { state in
            state.entries[place, default: Entry(epoch: state.epoch)].next = next
            state.entries[place]?.start = next
            state.begun.insert(place.topic)
        }
    }

    /// Records were handed on; the epoch of their batch.
    func advance(_ ranges: [KafkaExtent.Range]) -> Int {
        state.withLock { state in
            for range in ranges {
                state.entries[range.place, default: Entry(epoch: state.epoch)].next = range.last + 1
                state.entries[range.place]?.handedOn = range.last + 1
            }
            return isExactlyOnce ? ranges.first.flatMap { state.entries[$0.place]?.epoch } ?? state.epoch : state.epoch
        }
    }

    /// Where partitions began in this run.
    var starts: [TopicPartition: Int64] { state.withLock { $0.entries.compactMapValues(\.start) } }

    /// What must be settled before nothing of these partitions is on its way.
    func outstanding(_ places: [TopicPartition]) -> [TopicPartition: Int64] {
        state.withLock { state in
            Dictionary(places.compactMap { place in state.entries[place]?.handedOn.map { (place, $0) } }) { $1 }
        }
    }

    /// Whether all that this run handed on is settled.
    package var isSettled: Bool {
        let settled = settled.value
        return state.withLock { state in
            state.entries.allSatisfy { place, entry in entry.handedOn.map { settled[place] ?? -1 >= $0 } ?? true }
        }
    }

    /// The partition goes back to offsets that were read before, which are other records now.
    package func restart(_ place: TopicPartition, at next: Int64) {
        state.withLock { state in
            state.epoch += 1
            state.entries[place, default: Entry()].next = next
            state.entries[place]?.epoch = state.epoch
            state.entries[place]?.start = next
            state.entries[place]?.handedOn = nil
        }
        settled.update { $0[place] = nil }
    }
}
