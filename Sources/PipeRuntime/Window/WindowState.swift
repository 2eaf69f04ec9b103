/// The state machine of ``BatchWindow``: every transition returns the effects to run once the lock is released.
struct WindowState<Element: Sendable>: Sendable {
    typealias Producer = CheckedContinuation<Void, any Error>
    typealias Consumer = CheckedContinuation<Element?, any Error>

    enum Effect: Sendable {
        case accept(Producer)
        case refuse(Producer, any Error)
        case deliver(Consumer, Element?)
        case fail(Consumer, any Error)
    }

    private struct WaitingProducer: Sendable {
        var id: Int
        var element: Element
        var weight: Int
        var continuation: Producer
    }

    private struct WaitingConsumer: Sendable {
        var id: Int
        var continuation: Consumer
    }

    private enum Phase: Sendable {
        case open
        /// No more comes; what is queued is still handed out.
        case finished
        case failed(any Error)
    }

    let capacity: Int
    private var phase = Phase.open
    /// Weight of everything queued or taken and not released.
    private(set) var weight = 0
    /// Elements taken and not released.
    private(set) var taken = 0
    private var queue: [Element] = []
    private var producers: [WaitingProducer] = []
    private var consumers: [WaitingConsumer] = []
    private var nextID = 0

    init(capacity: Int) { self.capacity = capacity }

    var queued: Int { queue.count }
    var waitingProducers: Int { producers.count }
    var waitingConsumers: Int { consumers.count }

    mutating func makeID() -> Int {
        nextID += 1
        return nextID
    }

    mutating func send(_ element: Element, weight: Int, id: Int, _ producer: Producer, isCancelled: Bool, limit: Int) -> [Effect] {
        switch phase {
        case .failed(let error): return [.refuse(producer, error)]
        case .finished: return [.refuse(producer, CancellationError())]
        case .open:
            if isCancelled { return [.refuse(producer, CancellationError())] }
            producers.append(WaitingProducer(id: id, element: element, weight: weight, continuation: producer))
            return settle(limit: limit)
        }
    }

    mutating func next(id: Int, _ consumer: Consumer, isCancelled: Bool, limit: Int) -> [Effect] {
        if case .failed(let error) = phase { return [.fail(consumer, error)] }
        if isCancelled { return [.fail(consumer, CancellationError())] }
        consumers.append(WaitingConsumer(id: id, continuation: consumer))
        return settle(limit: limit)
    }

    mutating func release(weight released: Int, limit: Int) -> [Effect] {
        weight -= released
        taken -= 1
        return settle(limit: limit)
    }

    /// A waiting producer or consumer gave up. One that was served in the meantime is not here any more.
    mutating func cancel(_ id: Int, limit: Int) -> [Effect] {
        if let index = producers.firstIndex(where: { $0.id == id }) {
            let producer = producers.remove(at: index)
            // It may have been in the way of a lighter one behind it.
            return [.refuse(producer.continuation, CancellationError())] + settle(limit: limit)
        }
        if let index = consumers.firstIndex(where: { $0.id == id }) {
            return [.fail(consumers.remove(at: index).continuation, CancellationError())]
        }
        return []
    }

    mutating func finish(limit: Int) -> [Effect] {
        guard case .open = phase else { return [] }
        phase = .finished
        let refused = producers.map { Effect.refuse($0.continuation, CancellationError()) }
        producers = []
        return refused + settle(limit: limit)
    }

    mutating func fail(_ error: any Error) -> [Effect] {
        if case .failed = phase { return [] }
        phase = .failed(error)
        let effects =
            producers.map { Effect.refuse($0.continuation, error) } + consumers.map { Effect.fail($0.continuation, error) }
        producers = []
        consumers = []
        queue = []
        return effects
    }

    /// Brings the state to rest: admits producers in order while there is room, serves consumers in order while fewer than
    /// `limit` elements are taken.
    mutating func settle(limit: Int) -> [Effect] {
        var effects: [Effect] = []
        while let first = producers.first, weight == 0 || weight + first.weight <= capacity {
            producers.removeFirst()
            weight += first.weight
            queue.append(first.element)
            effects.append(.accept(first.continuation))
        }
        while !consumers.isEmpty, !queue.isEmpty, taken < limit {
            taken += 1
            effects.append(.deliver(consumers.removeFirst().continuation, queue.removeFirst()))
        }
        if case .finished = phase, queue.isEmpty {
            effects += consumers.map { .deliver($0.continuation, nil) }
            consumers = []
        }
        return effects
    }
}
