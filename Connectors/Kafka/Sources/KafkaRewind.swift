public import PipeCore

extension KafkaConfiguration: RewindableSource {
    public static let rewindTarget = ObjectSchema(
        "ClickPipeKafkaRewind", "Where a pipe reads on.",
        fields: [
            Field(
                "strategy", .oneOf(["from_beginning", "from_latest", "from_timestamp", "from_offsets"]), "Kind of place.", .required),
            Field("timestamp", .text, "YYYY-MM-DDTHH:MM in UTC, with from_timestamp.", .emptyIsUnset),
            Field(
                "offsets", .map(.map(.integer(0...Int64.max))),
                "The next offset to read by topic and partition, with from_offsets: {\"orders\": {\"0\": 1700}}. Partitions that are not named go on where they are."
            ),
        ])

    public func rewound(_ checkpoint: StoredCheckpoint, of pipe: PipeID, to target: JSONValue) async throws -> StoredCheckpoint {
        let strategy = target["strategy"]?.string ?? ""
        let chosen: [TopicPartition: Int64]
        switch strategy {
        case "from_offsets": chosen = try explicitOffsets(target)
        case "from_beginning": chosen = try await offsets(at: .beginning)
        case "from_latest": chosen = try await offsets(at: .end)
        case "from_timestamp":
            guard let time = (target["timestamp"]?.string).flatMap(MinuteText.milliseconds) else {
                throw refusal("timestamp must be UTC as YYYY-MM-DDTHH:MM")
            }
            chosen = try await offsets(at: .time(time))
        default: throw refusal("strategy must be from_beginning, from_latest, from_timestamp or from_offsets")
        }
        return try Self.rewound(checkpoint, to: chosen, isExactlyOnce: exactlyOnce == true)
    }

    /// `checkpoint` with some partitions elsewhere, in a new epoch.
    ///
    /// What the chosen partitions had on the way is forgotten. Lanes of other partitions stay as they are, journaled batches included;
    /// in the lane that mixes partitions, others go back to what is settled.
    package static func rewound(
        _ checkpoint: StoredCheckpoint, to chosen: [TopicPartition: Int64], isExactlyOnce: Bool
    ) throws -> StoredCheckpoint {
        var positions: [Lane: KafkaPosition] = [:]
        for (lane, stored) in checkpoint.positions { positions[lane] = try stored.decode(KafkaPosition.self) }
        let pending = try checkpoint.pending.map { ($0, try $0.extent.decode(KafkaExtent.self)) }
        let epoch = 1 + (positions.values.map(\.epoch) + pending.map(\.1.end.epoch)).reduce(0, max)
        var kept = checkpoint.pending
        if isExactlyOnce {
            for (place, next) in chosen { positions[place.lane] = KafkaPosition(epoch: epoch, offsets: [place: next]) }
            let lanes = Set(chosen.keys.map(\.lane))
            kept.removeAll { lanes.contains($0.lane) }
        } else {
            var position = positions[KafkaExtent.sharedLane] ?? KafkaPosition()
            // A partition without a position begins where its first journaled batch did.
            for range in pending.flatMap(\.1.ranges) where position.offsets[range.place] == nil {
                position.offsets[range.place] = range.first
            }
            position.offsets.merge(chosen) { $1 }
            position.epoch = epoch
            positions = [KafkaExtent.sharedLane: position]
            kept = []
        }
        return StoredCheckpoint(positions: try positions.mapValues { try JSONValue(encoding: $0) }, pending: kept)
    }

    private func refusal(_ message: String) -> PipeError { PipeError("INVALID_REWIND", .user, side: .source, message) }

    private func explicitOffsets(_ target: JSONValue) throws -> [TopicPartition: Int64] {
        var offsets: [TopicPartition: Int64] = [:]
        for (topic, partitions) in target["offsets"]?.object ?? [:] {
            guard topicNames.contains(topic) else { throw refusal("offsets.\(topic) is not one of the pipe's topics: \(topics)") }
            for (name, value) in partitions.object ?? [:] {
                guard let partition = Int32(name), partition >= 0 else {
                    throw refusal("offsets.\(topic).\(name) is not the number of a partition")
                }
                guard let offset = value.integer, offset >= 0 else {
                    throw refusal("offsets.\(topic).\(name) must be an offset, 0 or more")
                }
                offsets[TopicPartition(topic, partition)] = offset
            }
        }
        if offsets.isEmpty {
            throw refusal("offsets must name at least one partition, such as {\"\(topicNames.first ?? "topic")\": {\"0\": 1700}}")
        }
        return offsets
    }

    private func offsets(at moment: KafkaClient.Moment) async throws -> [TopicPartition: Int64] {
        do {
            let link = KafkaLink(
                client: try KafkaClient(KafkaProperties(connecting: self, client: "penstock-rewind")),
                mint: try tokenMint(session: "rewind"))
            return try await link.attending {
                var places: [TopicPartition] = []
                for topic in topicNames { places += try await link.client.partitions(of: topic) }
                return try await link.client.offsets(at: moment, of: places)
            }
        } catch let fault as KafkaFault {
            throw fault.pipeError(brokers)
        }
    }
}
