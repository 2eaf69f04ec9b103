/// The states of the wire contract (reference: ClickHouse Cloud OpenAPI, `ClickPipe.state`).
public enum PipeState: String, Codable, Hashable, Sendable, CaseIterable {
    case unknown = "Unknown"
    case provisioning = "Provisioning"
    case running = "Running"
    case degraded = "Degraded"
    case stopping = "Stopping"
    case stopped = "Stopped"
    case failed = "Failed"
    case completed = "Completed"
    case internalError = "InternalError"
    case setup = "Setup"
    case snapshot = "Snapshot"
    case paused = "Paused"
    case pausing = "Pausing"
    case modifying = "Modifying"
    case resync = "Resync"

    /// Whether the pipe rests: nothing happens until a user acts.
    public var isAtRest: Bool {
        switch self {
        case .stopped, .failed, .completed, .internalError, .paused: true
        default: false
        }
    }
}

/// What the user wants of a pipe; the supervisor brings the observed state towards it.
public enum WantedState: String, Codable, Hashable, Sendable { case running, stopped }

/// The two kinds of life a pipe can have (reference: ClickHouse Cloud's state table).
public enum PipeFamily: String, Codable, Hashable, Sendable {
    /// Kafka, Kinesis, Pub/Sub: Stopping, Stopped.
    case streaming
    /// S3, GCS, Azure Blob: like streaming, and may be Completed.
    case objectStorage
    /// Postgres, MySQL, MongoDB, BigQuery: Setup, Snapshot, Pausing, Paused.
    case database
}
