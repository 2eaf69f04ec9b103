/// The name of a batch, unique within its pipe for ever: the deduplication token and the names of staging tables derive
/// from it.
public struct BatchID: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(_ rawValue: String) { self.rawValue = rawValue }
    public var description: String { rawValue }
}

/// A piece of a lane: what it covers and its rows.
public struct Batch<Extent: SourceExtent>: Sendable {
    public var id: BatchID
    public var lane: Lane
    public var extent: Extent
    public var payload: Payload
    /// Why the batch was closed; a metric label.
    public var reason: FlushReason

    public init(id: BatchID, lane: Lane, extent: Extent, payload: Payload, reason: FlushReason) {
        self.id = id
        self.lane = lane
        self.extent = extent
        self.payload = payload
        self.reason = reason
    }
}

public enum FlushReason: String, Sendable, Hashable, CaseIterable { case rows, bytes, time, files, end, replay, caughtUp }

/// Rows, or the description of rows that the warehouse fetches by itself.
public enum Payload: Sendable {
    case rows(EncodedRows)
    case load(RemoteLoad)
    /// Rows of several mapped tables, each of them at most once: one insert each, and the batch is durable when all are.
    case tables([TableRows])

    /// Bytes this batch holds in Penstock's memory: the weight in the window.
    public var bytesInMemory: Int {
        switch self {
        case .rows(let rows): rows.bytes.count
        case .load(let load): load.objects.reduce(256) { $0 + 256 + $1.key.utf8.count }
        case .tables(let tables): tables.reduce(0) { $0 + $1.rows.bytes.count }
        }
    }
}
