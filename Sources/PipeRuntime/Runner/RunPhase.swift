import PipeCore

/// Tells the directory what a running database pipe does: it copies tables, or follows their changes.
///
/// Other pipes are running as soon as their destination is ready.
actor RunPhase {
    private let observe: @Sendable (PipeLifecycle.Event) async throws -> Void
    private let troubles: Troubles
    private var wanted: PipeLifecycle.Event?
    private var shown: PipeLifecycle.Event?
    private var isObserving = false
    private var failureKey: Int?
    private var failure: String?

    init(troubles: Troubles, observe: @escaping @Sendable (PipeLifecycle.Event) async throws -> Void) {
        self.troubles = troubles
        self.observe = observe
    }

    /// Rows came from a source that has not reported on its tables.
    func began() async throws { if wanted == nil { try await turn(to: .runningBegan) } }

    func follow(_ summary: TableBoard.Summary) async throws {
        try await turn(to: summary.isLoading ? .snapshotBegan : .runningBegan)
        guard summary.failure != failure else { return }
        failure = summary.failure
        let key: Int
        if let failureKey { key = failureKey } else { key = await troubles.makeKey() }
        failureKey = key
        // Of two reports under way the newer one has set what is shown.
        if let failure { await troubles.report(key, failure) } else { await troubles.clear(key) }
    }

    /// One observation at a time, always of the newest wish: two could arrive in the wrong order.
    private func turn(to event: PipeLifecycle.Event) async throws {
        wanted = event
        guard !isObserving else { return }
        isObserving = true
        defer { isObserving = false }
        while let next = wanted, next != shown {
            try await observe(next)
            shown = next
            // A turn clears the message of the pipe, and a table that failed before stays failed.
            await troubles.overwritten()
        }
    }
}
