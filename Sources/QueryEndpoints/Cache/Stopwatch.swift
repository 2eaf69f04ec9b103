extension Clock where Duration == Swift.Duration {
    /// The time since this call, as a closure; an instant of an unknown clock cannot be stored.
    func stopwatch() -> @Sendable () -> Duration {
        let start = now
        return { start.duration(to: self.now) }
    }
}
