internal import FoundationEssentials

/// What can be asked about calls in the past; calls that ended before the question are in the answer.
public protocol CallHistory: Sendable {
    /// `endpoint` nil is SQL of callers, run on the service. Throws 503 when the service does not answer.
    func report(service: String, endpoint: String?, span: CallSpan) async throws(QueryFailure) -> CallReport
    /// Newest first.
    func calls(service: String, endpoint: String?, filter: CallFilter?, before: CallCursor?, limit: Int) async throws(QueryFailure)
        -> CallPage
}

/// The call after which a list goes on.
public struct CallCursor: Hashable, Sendable {
    /// Milliseconds since 1970.
    public var time: Int64
    public var requestID: String
    public init(time: Int64, requestID: String) {
        self.time = time
        self.requestID = requestID
    }

    public init(_ call: CallRecord) { self.init(time: CallRow.milliseconds(call.time), requestID: call.requestID) }

    /// The form that ``text`` gives; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let time = Int64(parts[0]), (0...4_000_000_000_000).contains(time) else { return nil }
        self.init(time: time, requestID: String(parts[1]))
    }

    public var text: String { "\(time).\(requestID)" }
}

/// Part of a list of calls.
public struct CallPage: Hashable, Sendable {
    public var calls: [CallRecord]
    /// Nil on the last page.
    public var next: CallCursor?
    public init(calls: [CallRecord], next: CallCursor? = nil) {
        self.calls = calls
        self.next = next
    }
}
