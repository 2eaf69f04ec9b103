public import PipeCore

/// How a run of a pipe ended.
public enum PipeOutcome: Sendable {
    /// The source has nothing more to give and everything is settled.
    case finished
    /// Somebody must act; the disposition is `user` or `bug`.
    case failed(PipeError)
    /// It was told to stop. What was not settled is journaled and is replayed by the next run.
    case cancelled
}
