internal import Synchronization

/// Schemas that were fetched, in the form that framers use. Shared by all readers of a run.
///
/// A schema never changes once it has an id, so it is kept for ever; that there is none is remembered for a while; one request at a
/// time is made for one schema.
package final class SchemaCache<Prepared: Sendable>: Sendable {
    package enum Entry: Sendable {
        case ready(Prepared)
        /// Why messages that need it are rejected.
        case missing(String)
        case unknown
    }

    private enum Slot {
        case ready(Prepared)
        case missing(String, until: ContinuousClock.Instant)
        case fetching([CheckedContinuation<Void, Never>])
    }

    private let slots = Mutex<[SchemaReference: Slot]>([:])
    private let source: any SchemaSource
    private let prepare: @Sendable (RegisteredSchema) -> Result<Prepared, SchemaUnusable>
    private let now: @Sendable () -> ContinuousClock.Instant

    /// How long a missing schema is not asked for again.
    package static var patience: Duration { .seconds(30) }

    package init(
        _ source: any SchemaSource, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        prepare: @escaping @Sendable (RegisteredSchema) -> Result<Prepared, SchemaUnusable>
    ) {
        self.source = source
        self.now = now
        self.prepare = prepare
    }

    package func entry(_ reference: SchemaReference) -> Entry {
        let slot = slots.withLock { $0[reference] }
        switch slot {
        case .ready(let prepared): return .ready(prepared)
        case .missing(let reason, let until): return now() < until ? .missing(reason) : .unknown
        case .fetching, nil: return .unknown
        }
    }

    /// Fetches a schema unless it is known. Throws ``PipeError`` when the registry cannot be asked; a schema that is not there is an entry.
    package func fetch(_ reference: SchemaReference) async throws {
        while true {
            if case .unknown = entry(reference) {} else { return }
            guard claim(reference) else {
                await turn(reference)
                try Task.checkCancellation()
                continue
            }
            do throws(RegistryFault) {
                let schema = try await source.schema(reference)
                switch prepare(schema) {
                case .success(let prepared): settle(reference, .ready(prepared))
                case .failure(let fault): settle(reference, .missing(fault.reason, until: now() + Self.patience))
                }
            } catch {
                switch error {
                case .missing(let reason): settle(reference, .missing(reason, until: now() + Self.patience))
                case .registry(let trouble):
                    settle(reference, nil)
                    throw trouble
                }
            }
            return
        }
    }

    /// True for the one caller that shall ask the registry.
    private func claim(_ reference: SchemaReference) -> Bool {
        slots.withLock { slots in
            if case .fetching = slots[reference] { return false }
            slots[reference] = .fetching([])
            return true
        }
    }

    /// Waits until somebody else's request is over.
    private func turn(_ reference: SchemaReference) async {
        await withCheckedContinuation { continuation in
            let isOver = slots.withLock { slots in
                guard case .fetching(let waiters) = slots[reference] else { return true }
                slots[reference] = .fetching(waiters + [continuation])
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func settle(_ reference: SchemaReference, _ slot: Slot?) {
        let waiters = slots.withLock { slots -> [CheckedContinuation<Void, Never>] in
            guard case .fetching(let waiters) = slots.updateValue(slot ?? .fetching([]), forKey: reference) else { return [] }
            if slot == nil { slots[reference] = nil }
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// A schema that is there and cannot be used.
package struct SchemaUnusable: Error, Hashable, Sendable {
    package var reason: String
    package init(_ reason: String) { self.reason = reason }
}
