private import FoundationEssentials

/// The time of day, for rows that people read.
enum WallClock {
    /// Milliseconds since 1970.
    static func milliseconds() -> Int64 { Int64(Date().timeIntervalSince1970 * 1000) }
}
