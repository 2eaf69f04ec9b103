extension Duration {
    /// As a person says it, one unit: `250 ms`, `4 s`, `15 min`, `2 h`.
    var spoken: String {
        let (whole, attoseconds) = components
        if whole < 1 { return "\(attoseconds / 1_000_000_000_000_000) ms" }
        let seconds = whole + (attoseconds >= 500_000_000_000_000_000 ? 1 : 0)
        if seconds < 120 { return "\(seconds) s" }
        if seconds < 7200 && seconds != 3600 { return "\(seconds / 60) min" }
        return "\(seconds / 3600) h"
    }

    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
