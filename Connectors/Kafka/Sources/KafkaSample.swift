public import PipeCore

extension KafkaConfiguration {
    static let samplesPerTopic: Int64 = 100
    static let samplePatience: Duration = .seconds(5)

    /// The newest messages of every topic, up to 100 each, read without touching the group. Throws ``PipeError``.
    public func sample(_ context: ProbeContext) async throws -> SchemaSample {
        let sizes = KafkaSizes(PipeScaling())
        var properties = KafkaProperties(connecting: self, client: "penstock-probe")
        properties.read(sizes, committedOnly: false)
        properties["auto.offset.reset"] = "earliest"
        do {
            let link = KafkaLink(client: try KafkaClient(properties), mint: try tokenMint(session: "probe"))
            let framing = try makeFraming(FramingOptions(largestMessage: sizes.largestMessage, batchBytes: 1 << 20, isForInference: true))
            return try await link.attending { .rows(try await self.sample(link.client, framing)) }
        } catch let fault as KafkaFault {
            throw fault.pipeError(brokers)
        }
    }

    private func sample(_ client: KafkaClient, _ framing: some MessageFraming) async throws -> EncodedRows {
        var waiting: Set<TopicPartition> = []
        var readings: [PartitionReading] = []
        var ends: [TopicPartition: Int64] = [:]
        for topic in topicNames {
            let places: [TopicPartition]
            do {
                places = try await client.partitions(of: topic)
            } catch let fault as KafkaFault where !fault.isConnectionLoss {
                throw fault.pipeError(brokers, topic: topic)
            }
            let low = try await client.offsets(at: .beginning, of: places)
            let high = try await client.offsets(at: .end, of: places)
            let share = max(1, Self.samplesPerTopic / Int64(places.count))
            for place in places {
                guard let first = low[place], let end = high[place], end > first else { continue }
                waiting.insert(place)
                ends[place] = end
                readings.append(try client.start(place, at: max(first, end - share)))
            }
        }
        let rows = try await collect(client, framing, until: ends, waiting: waiting)
        for reading in readings { try await reading.stop() }
        return rows
    }

    private func collect<Framing: MessageFraming>(
        _ client: KafkaClient, _ framing: Framing, until ends: [TopicPartition: Int64], waiting: Set<TopicPartition>
    ) async throws -> EncodedRows {
        var waiting = waiting
        var framer = framing.makeFramer()
        var refusal: RejectedRecord?
        var messages = ReceivedMessages()
        let stopwatch = Stopwatch(ContinuousClock())
        reading: while !waiting.isEmpty, stopwatch.now < Self.samplePatience {
            if messages.isEmpty, messages.fill(from: client.messages) == 0 {
                await pause(client, stopwatch)
                try Task.checkCancellation()
                continue
            }
            while let message = messages.takeFirst() {
                let place = TopicPartition(message.topic, message.source.partition)
                if message.isFault {
                    if message.fault.isEndOfPartition { waiting.remove(place) }
                } else {
                    switch framer.append(message.message(topic: place.topic)) {
                    case .appended, .skipped: break
                    case .rejected(let record): refusal = record
                    case .needs(let need):
                        messages.putBack(message)
                        try await framing.resolve(need)
                        continue
                    // Messages of another schema: one is enough to see the fields.
                    case .needsFlush: break reading
                    }
                    if message.offset + 1 >= ends[place] ?? 0 { waiting.remove(place) }
                }
            }
        }
        if framer.rowCount == 0 {
            if let refusal {
                throw PipeError(
                    refusal.code, .user, side: .source,
                    "no message of \(topicNames.joined(separator: ", ")) can be read as \(format.rawValue): \(refusal.reason). Check source.kafka.format"
                )
            }
            throw PipeError(
                .sourceMissing, .user, side: .source,
                "\(Self.path["topics"]) hold no message to take a sample of: produce one, or write the columns yourself")
        }
        return framer.finish()
    }

    /// Until something may have come, not long.
    private func pause(_ client: KafkaClient, _ stopwatch: Stopwatch) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await client.messageSignal.wait() }
            group.addTask { try? await stopwatch.sleep(for: .milliseconds(200)) }
            await group.next()
            group.cancelAll()
        }
    }
}
