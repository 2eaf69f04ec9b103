/// How long to wait before each new start: 0.2 s doubled up to 30 s; a run that answered begins anew.
package struct RestartPauses: Sendable, Hashable {
    private var failures = 0

    package init() {}

    /// After this many failures the user should look at it.
    package var isHopeless: Bool { failures >= 5 }

    package mutating func next() -> Duration {
        failures += 1
        return min(.milliseconds(200) * (1 << min(failures - 1, 10)), .seconds(30))
    }
}
