import PipeCore
import Synchronization

/// One call of `read`: first what was journaled, then the group.
final class KafkaRun<Framing: MessageFraming, Output: BatchOutput<KafkaExtent>>: Sendable {
    let configuration: KafkaConfiguration
    let context: SourceContext
    let framing: Framing
    let output: Output
    let buffers: BatchBuffers?
    let checkpoint: Checkpoint<KafkaExtent>
    let table: PartitionTable
    let sizes: KafkaSizes
    let stopwatch: Stopwatch
    let outbox: Outbox
    let mint: (any TokenMint)?
    let members = Mutex<[KafkaMember<Framing, Output>]>([])
    let topics: [String]

    init(
        _ source: KafkaSource, framing: Framing, buffers: BatchBuffers?, checkpoint: Checkpoint<KafkaExtent>, table: PartitionTable,
        output: Output
    ) {
        configuration = source.configuration
        context = source.context
        mint = source.mint
        topics = source.configuration.topicNames
        sizes = KafkaSizes(source.context.scaling)
        stopwatch = Stopwatch(source.context.clock)
        outbox = Outbox(limit: max(1, source.context.scaling.replicas))
        self.framing = framing
        self.buffers = buffers
        self.checkpoint = checkpoint
        self.table = table
        self.output = output
    }

    func run() async throws {
        var properties = KafkaProperties(connecting: configuration, client: "penstock-\(context.pipe)")
        properties.read(sizes, committedOnly: context.settings.bool("kafka_read_committed"))
        // Repetitions go over ranges whose beginning retention may have removed.
        var inspecting = properties
        inspecting["auto.offset.reset"] = "earliest"
        let inspector = KafkaLink(client: try KafkaClient(inspecting), mint: mint)
        properties.join(group: configuration.consumerGroup ?? "clickpipes-\(context.pipe)")
        let joining = properties
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await inspector.attend() }
            group.addTask {
                let partitions = try await self.partitions(inspector)
                try await self.replay(inspector)
                try await self.readGroup(joining, partitions: partitions, inspector: inspector)
            }
            defer { group.cancelAll() }
            // Neither ends but by an error.
            try await group.next()
        }
    }

    /// The partitions of all topics. A topic that the pipe has read of may come back; one that never was there is a mistake.
    private func partitions(_ inspector: KafkaLink) async throws -> [TopicPartition] {
        var places: [TopicPartition] = []
        for topic in topics {
            do {
                places += try await inspector.client.partitions(of: topic)
            } catch let fault as KafkaFault {
                if fault.isMissingTopic, table.hasBegun(topic) { throw fault.waiting(configuration.brokers, topic: topic) }
                throw inspector.explained(fault).pipeError(configuration.brokers, topic: topic)
            }
        }
        return places
    }

    private func replay(_ inspector: KafkaLink) async throws {
        if checkpoint.pending.isEmpty { return }
        try await KafkaReplay(
            pending: checkpoint.pending, framing: framing, client: inspector.client, stopwatch: stopwatch, log: context.log,
            brokers: configuration.brokers
        ).run(into: output)
    }

    private func readGroup(_ properties: KafkaProperties, partitions: [TopicPartition], inspector: KafkaLink) async throws {
        let watch = KafkaWatch(inspector: inspector, topics: topics, stopwatch: stopwatch, brokers: configuration.brokers)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.emit() }
            group.addTask { try await self.watch(watch) }
            group.addTask {
                while true {
                    do {
                        try await self.readAsMembers(properties, partitions: partitions)
                    } catch is GroupRejoin {
                        self.table.clearOwners()
                    }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func readAsMembers(_ properties: KafkaProperties, partitions: [TopicPartition]) async throws {
        // More members than partitions would have nothing to do.
        let count = max(1, min(context.scaling.replicas, partitions.count))
        let made = try (0..<count).map { index in
            var properties = properties
            if count > 1 { properties["client.id"] = "penstock-\(context.pipe)-\(index)" }
            return KafkaMember(index, of: self, link: KafkaLink(client: try KafkaClient(properties), mint: mint))
        }
        let start = OffsetStart(configuration: configuration, log: context.log)
        if start.moment != .beginning, let first = made.first {
            let table = table
            table.choose(
                try await first.link.attending { try await start.strategy(partitions, table: table, client: first.link.client) })
        }
        members.withLock { $0 = made }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for member in made { group.addTask { try await member.run() } }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch {
            members.withLock { $0 = [] }
            // All at a time: each waits for its coordinator.
            await withTaskGroup { group in for member in made { group.addTask { await member.link.client.leave() } } }
            throw error
        }
    }

    /// The one place where batches leave, so that a lane's order is that of its closing.
    private func emit() async throws {
        var shared = checkpoint.positions[KafkaExtent.sharedLane] ?? KafkaPosition()
        for pending in checkpoint.pending where pending.lane == KafkaExtent.sharedLane { shared = pending.extent.end }
        while true {
            let closed = try await outbox.next()
            var ends: [TopicPartition: Int64] = [:]
            for range in closed.ranges { ends[range.place] = range.last + 1 }
            let lane: Lane
            if table.isExactlyOnce {
                lane = closed.ranges[0].place.lane
            } else {
                lane = KafkaExtent.sharedLane
                // What began at its end and had no record yet must not begin later next time.
                shared.offsets.merge(table.starts) { known, _ in known }
                shared.offsets.merge(ends) { $1 }
                shared.epoch = max(shared.epoch, closed.epoch)
            }
            let extent = KafkaExtent(
                ranges: closed.ranges,
                end: table.isExactlyOnce ? KafkaPosition(epoch: closed.epoch, offsets: ends) : shared)
            for record in closed.rejected { await output.reject(record) }
            try await output.emit(
                Batch(id: extent.batchID, lane: lane, extent: extent, payload: .rows(closed.rows), reason: closed.reason))
            await output.alive(lag: lag())
        }
    }

    private func watch(_ watch: KafkaWatch) async throws {
        var watch = watch
        while true {
            try await stopwatch.sleep(for: .seconds(1))
            let members = members.withLock { $0 }
            for member in members {
                // A poll now and then shows the group that the member lives.
                member.link.client.eventSignal.wake()
                member.commit()
            }
            let received = members.reduce(0) { $0 + $1.received }
            try await watch.check(received: received)
            if watch.isHealthy, members.contains(where: \.hasJoined) { await output.alive(lag: lag()) }
        }
    }

    /// What waits in the partitions that are read here; nil before every one of them has told its end.
    private func lag() -> SourceLag? {
        var lag = SourceLag(items: 0, bytes: 0)
        for member in members.withLock({ $0 }) {
            guard let lanes = member.lag() else { return nil }
            for (lane, items) in lanes {
                lag.lanes[lane] = items
                lag.items += items
            }
        }
        return lag
    }

    /// Partitions go over to another member of this run.
    func takeOver(_ places: [TopicPartition], by index: Int) {
        let members = members.withLock { $0 }
        for owner in Set(places.compactMap { table.owner($0) }) where owner != index && members.indices.contains(owner) {
            members[owner].intake.release(keeping: true)
        }
        table.setOwner(index, of: places)
    }
}

extension KafkaConfiguration {
    /// Each once.
    var topicNames: [String] {
        var seen: Set<String> = []
        return Self.elements(topics).map(String.init).filter { !$0.isEmpty && seen.insert($0).inserted }
    }
}
