import PipeCore
import Synchronization

/// One member of the group: its partitions come and go, its messages become batches.
///
/// Four tasks: one answers the group, one takes messages and waits while batches do not leave, one closes batches in time, one keeps
/// librdkafka fetching. The first never waits for the second: a member whose batches are held up stays in the group.
final class KafkaMember<Framing: MessageFraming, Output: BatchOutput<KafkaExtent>>: Sendable {
    private struct State {
        var hasJoined = false
        var assigned: [TopicPartition] = []
        /// What the group was told, as far as no failure was heard.
        var committed: [TopicPartition: CommittedOffset] = [:]
        var failedCommits = 0
    }

    /// Most time that a partition which is given up waits for its last records to be settled.
    static var settlementPatience: Duration { .seconds(5) }

    let index: Int
    let link: KafkaLink
    let intake: MessageIntake<Framing>
    private unowned let run: KafkaRun<Framing, Output>
    /// A batch was opened, the ends of partitions were reached, or what was written is settled.
    private let changed = WakeSignal()
    private let drained = WakeSignal()
    private let state = Mutex(State())
    private let count = Atomic(0)

    init(_ index: Int, of run: KafkaRun<Framing, Output>, link: KafkaLink) {
        self.index = index
        self.run = run
        self.link = link
        intake = MessageIntake(
            framing: run.framing, table: run.table, outbox: run.outbox, sizes: run.sizes, stopwatch: run.stopwatch,
            buffers: run.buffers)
    }

    private var client: KafkaClient { link.client }
    /// Messages that came.
    var received: Int { count.load(ordering: .relaxed) }
    var hasJoined: Bool { state.withLock { $0.hasJoined } }

    func run() async throws {
        try client.subscribe(run.topics)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.answerGroup() }
            group.addTask { try await self.takeMessages() }
            group.addTask { try await self.closeInTime() }
            group.addTask { try await self.keepFetching() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    // MARK: The group

    private func answerGroup() async throws {
        while true {
            while let event = client.nextEvent() { try await handle(event) }
            try await client.eventSignal.wait()
        }
    }

    private func handle(_ event: KafkaEvent) async throws {
        switch event {
        case .assigned(let places): try await assigned(places)
        case .revoked(let places, let isLost): try await revoked(places, isLost: isLost)
        case .committed(let fault): committed(fault)
        case .fault(let fault, _) where fault.isMissingTopic:
            throw fault.waiting(run.configuration.brokers)
        default: try await link.handle(event)
        }
    }

    private func assigned(_ places: [TopicPartition]) async throws {
        run.output.count("rebalance")
        run.takeOver(places, by: index)
        let choices =
            places.isEmpty
            ? [:]
            : try await OffsetStart(configuration: run.configuration, log: run.context.log).resolve(
                places, table: run.table, client: client)
        let starts = choices.mapValues(\.next)
        for (place, next) in starts { run.table.start(place, at: next) }
        intake.assign(starts)
        try client.assign(starts)
        state.withLock { state in
            state.hasJoined = true
            state.assigned = places
            state.committed = [:]
        }
        // A choice of the strategy must hold from now on.
        let first = choices.filter { $0.value.isFirst }
        commit(Dictionary(first.map { ($0, CommittedOffset(offset: $1.next, epoch: run.table.standing($0).epoch)) }) { $1 })
    }

    private func revoked(_ places: [TopicPartition], isLost: Bool) async throws {
        intake.release(keeping: !isLost)
        if !isLost {
            // So that whoever comes next, in this process or another, begins after what is written.
            await untilSettled(places)
            try Task.checkCancellation()
            commit()
        }
        try giveUp(places)
    }

    private func untilSettled(_ places: [TopicPartition]) async {
        let outstanding = run.table.outstanding(places.filter { run.table.owner($0) == index })
        if outstanding.isEmpty { return }
        _ = await run.stopwatch.waits(
            Self.settlementPatience,
            until: { settled in outstanding.allSatisfy { settled[$0.key] ?? -1 >= $0.value } }, of: run.table.settled)
    }

    private func giveUp(_ places: [TopicPartition]) throws {
        run.table.setOwner(nil, of: places.filter { run.table.owner($0) == index })
        state.withLock { $0.assigned = [] }
        try client.unassign()
    }

    // MARK: Commits

    /// More of what was handed on is settled.
    func haveSettled() {
        changed.wake()
        commit()
    }

    /// Tells the group what is settled and was not told yet.
    func commit() {
        let settled = run.table.settled.value
        let wanted = state.withLock { state in
            var wanted: [TopicPartition: CommittedOffset] = [:]
            for place in state.assigned {
                guard let next = settled[place] else { continue }
                let offset = CommittedOffset(offset: next, epoch: run.table.standing(place).epoch)
                if state.committed[place] != offset { wanted[place] = offset }
            }
            return wanted
        }
        commit(wanted)
    }

    private func commit(_ wanted: [TopicPartition: CommittedOffset]) {
        if wanted.isEmpty { return }
        state.withLock { $0.committed.merge(wanted) { $1 } }
        do {
            try client.commit(wanted)
        } catch {
            committed(error as? KafkaFault ?? KafkaFault(code: 0, reason: String(describing: type(of: error))))
        }
    }

    private func committed(_ fault: KafkaFault?) {
        let failures = state.withLock { state in
            // All of it is told again by the next tick.
            if fault != nil { state.committed = [:] }
            state.failedCommits = fault == nil ? 0 : state.failedCommits + 1
            return state.failedCommits
        }
        guard let fault else { return }
        run.output.count("commit_failed")
        // A rebalance refuses commits for a moment; what the pipe has read is in its checkpoint all the same.
        if failures == 10 {
            run.context.log.log(
                .warning, .sourceDenied,
                "offsets are not committed to the consumer group: \(fault.reason) (\(fault.name)); the pipe goes on by its own checkpoint")
        }
    }

    /// Records behind the end of each partition; nil before all ends are known.
    func lag() -> [Lane: Int]? {
        guard hasJoined else { return nil }
        var lanes: [Lane: Int] = [:]
        for (place, _) in intake.nextOffsets {
            guard let high = client.watermarks(place)?.high else { return nil }
            lanes[place.lane] = Int(clamping: max(0, high - (run.table.standing(place).next ?? high)))
        }
        return lanes
    }

    // MARK: Messages

    private func takeMessages() async throws {
        var messages = ReceivedMessages()
        var bytes = 0
        while true {
            try await run.outbox.untilRoom()
            if messages.isEmpty, messages.fill(from: client.messages) == 0 {
                try await client.messageSignal.wait()
                continue
            }
            let taken = intake.take(&messages)
            count.wrappingAdd(taken.count, ordering: .relaxed)
            if taken.hasOpened || !taken.faults.isEmpty { changed.wake() }
            bytes += taken.bytes
            if bytes >= run.sizes.queueBytes / 4 {
                bytes = 0
                drained.wake()
            }
            if let need = taken.need { try await run.framing.resolve(need) }
            if !taken.faults.isEmpty { try await handle(taken.faults) }
            try Task.checkCancellation()
        }
    }

    /// When its queue is full, librdkafka 2.0.2 looks but once a second whether there is room again (`rd_kafka_broker_consumer_serve`;
    /// github.com/confluentinc/librdkafka/issues/2879), and a fast reader waits for it. A request to each leader makes it look at once.
    private func keepFetching() async throws {
        while true {
            try await drained.wait()
            do {
                _ = try await client.offsets(at: .end, of: state.withLock { $0.assigned })
            } catch is KafkaFault {
                // A broker in trouble is told of by its own events.
                try Task.checkCancellation()
            }
        }
    }

    private func handle(_ faults: [(place: TopicPartition, offset: Int64, fault: KafkaFault)]) async throws {
        var outOfRange: [TopicPartition] = []
        for (place, _, fault) in faults where !fault.isEndOfPartition {
            if fault.isOutOfRange {
                outOfRange.append(place)
            } else if !fault.isConnectionLoss {
                let brokers = run.configuration.brokers
                throw fault.isMissingTopic
                    ? fault.waiting(brokers, topic: place.topic) : fault.pipeError(brokers, topic: place.topic)
            }
        }
        if !outOfRange.isEmpty { try await restart(outOfRange) }
    }

    /// Partitions whose next offset the broker does not have: before the oldest it is a loss by retention, behind the newest the topic was
    /// made anew.
    private func restart(_ places: [TopicPartition]) async throws {
        let low = try await client.offsets(at: .beginning, of: places)
        let next = intake.nextOffsets
        for place in places {
            guard let known = next[place], let oldest = low[place] else { continue }
            if known < oldest {
                run.context.log.log(
                    .warning, "SOURCE_RECORDS_GONE",
                    "\(oldest - known) offsets of topic '\(place.topic)', partition \(place.partition), from \(known) to \(oldest - 1), were removed by the broker before they were read (retention); the pipe goes on at \(oldest)"
                )
                run.table.start(place, at: oldest)
            } else {
                run.context.log.log(
                    .warning, "SOURCE_RECORDS_GONE",
                    "topic '\(place.topic)', partition \(place.partition), ends before offset \(known), the next one to read: it was made anew or lost records; the pipe reads it from its beginning, \(oldest)"
                )
                run.table.restart(place, at: oldest)
            }
        }
        // A partition that is assigned again at once would lose its way to the queue of messages.
        throw GroupRejoin()
    }

    private func closeInTime() async throws {
        while true {
            let settings = run.context.settings.current
            let wait = Duration.milliseconds(settings.integer("streaming_max_insert_wait_ms"))
            let now = run.stopwatch.now
            if run.table.isSettled { intake.closeAtEnd() }
            guard let deadline = intake.closeDue(now: now, wait: wait) else {
                try await changed.wait()
                continue
            }
            let (stopwatch, live, changed) = (run.stopwatch, run.context.settings, changed)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stopwatch.sleep(for: deadline - now) }
                group.addTask { await live.change(from: settings) }
                group.addTask { try await changed.wait() }
                try await group.next()
                group.cancelAll()
            }
            try Task.checkCancellation()
        }
    }
}

/// The members leave and join again: they go on where the batches that were handed on end, or where the partition table was set to.
struct GroupRejoin: Error {}
