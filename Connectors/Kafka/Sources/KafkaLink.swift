import PipeCore
import Synchronization

/// A client and what it said of its connections.
struct KafkaLink: Sendable {
    let client: KafkaClient
    let mint: (any TokenMint)?
    private let loss = Loss()

    init(client: KafkaClient, mint: (any TokenMint)?) {
        self.client = client
        self.mint = mint
    }

    private final class Loss: Sendable {
        let fault = Mutex<KafkaFault?>(nil)
    }

    /// The newest loss of a connection, in librdkafka's words.
    var lastLoss: KafkaFault? { loss.fault.withLock { $0 } }

    /// `fault`, or where it only says that nobody answered, why not.
    func explained(_ fault: KafkaFault) -> KafkaFault {
        guard fault.isConnectionLoss, let lastLoss else { return fault }
        return lastLoss
    }

    /// Deals with events that any client may have. Throws ``KafkaFault`` for what does not heal by itself.
    func handle(_ event: KafkaEvent) async throws {
        switch event {
        case .fault(let fault, let isFatal):
            if fault.isConnectionLoss {
                // "all brokers down" says less than what came before it.
                loss.fault.withLock { known in if known == nil || !fault.isSummary { known = fault } }
            } else if isFatal || fault.endsConnection {
                throw fault
            }
        case .tokenWanted:
            guard let mint else { return client.setTokenFailure("no token is configured") }
            do {
                try client.setToken(try await mint.token())
            } catch let error as PipeError {
                client.setTokenFailure("no token")
                if error.disposition != .retry { throw error }
            }
        default: break
        }
    }

    /// For clients that are no members. Returns only by an error.
    func attend() async throws {
        while true {
            while let event = client.nextEvent() { try await handle(event) }
            try await client.eventSignal.wait()
        }
    }

    /// Runs `body` while attending to the client's events. Throws early where no broker can be reached.
    func attending<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                while true {
                    while let event = client.nextEvent() {
                        try await handle(event)
                        if case .fault(let fault, _) = event, fault.isSummary { throw explained(fault) }
                    }
                    try await client.eventSignal.wait()
                }
            }
            defer { group.cancelAll() }
            do {
                guard let first = try await group.next(), let result = first else { throw CancellationError() }
                return result
            } catch let fault as KafkaFault {
                throw explained(fault)
            }
        }
    }
}
