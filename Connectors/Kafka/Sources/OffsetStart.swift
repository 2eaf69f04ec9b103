package import PipeCore

/// Where partitions begin.
package struct OffsetStart: Sendable {
    let configuration: KafkaConfiguration
    let log: any PipeLog

    package init(configuration: KafkaConfiguration, log: any PipeLog) {
        self.configuration = configuration
        self.log = log
    }

    /// A start, and whether it was chosen by the strategy: such a choice must be remembered, for `from_latest` would choose later next
    /// time.
    package struct Choice: Hashable, Sendable {
        package var next: Int64
        package var isFirst: Bool

        package init(next: Int64, isFirst: Bool) {
            self.next = next
            self.isFirst = isFirst
        }
    }

    /// - Parameters:
    ///   - standings: what the pipe knows of each partition.
    ///   - committed: what the group remembers. By default the further one of both counts: in a group that others used meanwhile, nothing
    ///     is read twice. In exactly-once mode only the pipe's own checkpoint counts, once there is one.
    ///   - low: the oldest offset of each partition.
    package func choose(
        _ standings: [TopicPartition: PartitionTable.Standing], committed: [TopicPartition: CommittedOffset],
        low: [TopicPartition: Int64]
    ) -> [TopicPartition: Choice] {
        var choices: [TopicPartition: Choice] = [:]
        for (place, standing) in standings {
            // What was committed before a rewind is no position.
            let group = committed[place].flatMap { $0.epoch >= standing.epoch ? $0.offset : nil }
            let known: Int64? =
                if let next = standing.next { configuration.exactlyOnce == true ? next : max(next, group ?? next) } else { group }
            let oldest = low[place] ?? 0
            guard let known else {
                // Without a choice it came later than the pipe: all of it is new.
                choices[place] = Choice(next: max(standing.chosen ?? oldest, oldest), isFirst: true)
                continue
            }
            if known < oldest {
                log.log(
                    .warning, "SOURCE_RECORDS_GONE",
                    "\(oldest - known) offsets of topic '\(place.topic)', partition \(place.partition), from \(known) to \(oldest - 1), were removed by the broker before they were read (retention); the pipe goes on at \(oldest)"
                )
            }
            choices[place] = Choice(next: max(known, oldest), isFirst: false)
        }
        return choices
    }

    /// The moment of the strategy.
    package var moment: KafkaClient.Moment {
        switch configuration.offset?.strategy {
        // A pipe that is asked for nothing begins with everything there is.
        case .fromBeginning, nil: .beginning
        case .fromLatest: .end
        case .fromTimestamp: .time((configuration.offset?.timestamp).flatMap(MinuteText.milliseconds) ?? 0)
        }
    }

    /// What the strategy says of topics that neither the pipe nor its group has read of. Asked once for all partitions, before any is
    /// read: a partition that comes later is new, and is read from its beginning whatever the strategy.
    func strategy(_ places: [TopicPartition], table: PartitionTable, client: KafkaClient) async throws -> [TopicPartition: Int64] {
        if moment == .beginning { return [:] }
        let unknown = places.filter { !table.hasBegun($0.topic) }
        if unknown.isEmpty { return [:] }
        let begun = Set(try await client.committed(unknown).keys.map(\.topic))
        return try await client.offsets(at: moment, of: unknown.filter { !begun.contains($0.topic) })
    }

    /// Asks the brokers for what ``choose(_:committed:low:)`` needs.
    func resolve(_ places: [TopicPartition], table: PartitionTable, client: KafkaClient) async throws -> [TopicPartition: Choice] {
        let standings = Dictionary(places.map { ($0, table.standing($0)) }) { $1 }
        let needsGroup = configuration.exactlyOnce == true ? places.filter { standings[$0]?.next == nil } : places
        let committed = needsGroup.isEmpty ? [:] : try await client.committed(needsGroup)
        return choose(standings, committed: committed, low: try await client.offsets(at: .beginning, of: places))
    }
}
