public import FoundationEssentials

/// Calls of a time span, counted.
public struct CallSummary: Hashable, Sendable {
    /// Milliseconds; exact up to 8,192 calls, else of a random sample of that size.
    public struct Quantiles: Hashable, Sendable {
        public var p50: Double
        public var p95: Double
        public var p99: Double
        public init(p50: Double, p95: Double, p99: Double) {
            self.p50 = p50
            self.p95 = p95
            self.p99 = p99
        }
    }

    public var requests = 0
    /// By the names of ``CallRecord/ErrorClass``; classes without calls are absent.
    public var errors: [String: Int] = [:]
    /// Until the end of the answer; nil without calls.
    public var duration: Quantiles?
    /// Until the first byte of the answer; nil when no call had one.
    public var firstByte: Quantiles?
    public var readRows = 0
    public var readBytes = 0
    public var resultRows = 0
    public var resultBytes = 0
    public var cacheHits = 0
    public var cacheMisses = 0

    public init() {}

    public var failed: Int { errors.values.reduce(0, +) }
    /// From 0 to 1; 0 without calls.
    public var errorRate: Double { requests == 0 ? 0 : Double(failed) / Double(requests) }
}

/// What happened at an endpoint in a time span.
public struct CallReport: Hashable, Sendable {
    public struct Step: Hashable, Sendable {
        /// When it begins.
        public var time: Date
        public var summary: CallSummary
        public init(time: Date, summary: CallSummary) {
            self.time = time
            self.summary = summary
        }
    }

    /// Who called.
    public struct Caller: Hashable, Sendable {
        /// Resource id of an API key; nil for a token.
        public var keyID: String?
        public var tokenSubject: String?
        public var lastCall: Date
        public var summary: CallSummary
        public init(keyID: String?, tokenSubject: String?, lastCall: Date, summary: CallSummary) {
            self.keyID = keyID
            self.tokenSubject = tokenSubject
            self.lastCall = lastCall
            self.summary = summary
        }
    }

    public var span: CallSpan
    public var total: CallSummary
    /// Every step of the span, also those without calls.
    public var steps: [Step]
    /// Those with most calls first, at most a hundred.
    public var callers: [Caller]

    public init(span: CallSpan, total: CallSummary = CallSummary(), steps: [Step]? = nil, callers: [Caller] = []) {
        self.span = span
        self.total = total
        self.steps = steps ?? span.beginnings.map { Step(time: $0, summary: CallSummary()) }
        self.callers = callers
    }
}

/// A time span in steps.
public struct CallSpan: Hashable, Sendable {
    public static let mostSteps = 1_440

    /// Included.
    public let from: Date
    /// Excluded.
    public let to: Date
    /// Seconds. Steps begin at multiples of it since 1970, so the first may begin before `from`; calls before `from` do not count.
    public let step: Int

    /// `step` nil: chosen for about sixty steps. Nil when the span is empty, the step is not positive, or there are too many steps.
    public init?(from: Date, to: Date, step: Int? = nil) {
        guard from < to else { return nil }
        let seconds = to.timeIntervalSince(from)
        let step = step ?? Self.steps.first { seconds / Double($0) <= 61 } ?? Self.steps[Self.steps.count - 1]
        guard step > 0, seconds / Double(step) <= Double(Self.mostSteps) else { return nil }
        self.from = from
        self.to = to
        self.step = step
    }

    private static let steps = [
        1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000,
    ]

    public var beginnings: [Date] {
        let first = Int((from.timeIntervalSince1970 / Double(step)).rounded(.down)) * step
        return stride(from: Double(first), to: to.timeIntervalSince1970, by: Double(step)).map { Date(timeIntervalSince1970: $0) }
    }
}
