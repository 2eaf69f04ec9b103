import PipeCore

/// Whether the brokers still answer, seen by messages that come, else by asking.
struct KafkaWatch: Sendable {
    /// Silence that librdkafka's own reconnecting is given before the run ends.
    static let patience: Duration = .seconds(10)

    private let inspector: KafkaLink
    private let topics: [String]
    private let stopwatch: Stopwatch
    private let brokers: String
    private var received = 0
    private var next = 0
    private var failingSince: Duration?

    init(inspector: KafkaLink, topics: [String], stopwatch: Stopwatch, brokers: String) {
        self.inspector = inspector
        self.topics = topics
        self.stopwatch = stopwatch
        self.brokers = brokers
    }

    var isHealthy: Bool { failingSince == nil }

    /// - Parameter received: messages since the beginning of the run.
    mutating func check(received: Int) async throws {
        if received > self.received || topics.isEmpty {
            self.received = received
            failingSince = nil
            return
        }
        next = (next + 1) % topics.count
        do {
            _ = try await inspector.client.partitions(of: topics[next], timeout: 3000)
            failingSince = nil
        } catch let fault as KafkaFault where fault.isConnectionLoss {
            let now = stopwatch.now
            let since = failingSince ?? now
            failingSince = since
            if now - since >= Self.patience { throw inspector.explained(fault).pipeError(brokers) }
        } catch let fault as KafkaFault where fault.isMissingTopic {
            // The brokers answer; of a topic that is gone the group tells.
            failingSince = nil
        }
    }
}
