package import PipeCore

/// How messages of one format become rows; one for each run of a pipe, shared by all its readers.
package protocol MessageFraming: Sendable {
    associatedtype Framer: MessageFramer

    /// An empty batch.
    func makeFramer() -> Framer

    /// Fetches what a framer asked for with ``MessageFramer/Outcome/needs(_:)``, so that the same message can be appended then. May
    /// wait for the network; called by several readers at a time. Throws ``PipeError``: `retry` for passing trouble. What will never
    /// be there, such as an unknown schema id, does not throw: the next `append` rejects the message.
    func resolve(_ need: Framer.Need) async throws
}

/// Collects messages into the body of one batch. A value without I/O; copies each message once.
package protocol MessageFramer: Sendable {
    /// What must be fetched before a message can be framed, such as the id of a schema. `Never` for formats without such things.
    associatedtype Need: Sendable

    /// Bytes collected: what counts against the size of a batch.
    var byteCount: Int { get }
    var rowCount: Int { get }

    /// Adds a row for the message. The message's bytes are good during the call only.
    mutating func append(_ message: borrowing KafkaMessage) -> FramingOutcome<Need>

    /// The rows collected, with their layout (places by topic and partition, offsets as numbers), virtual columns and times. The framer
    /// is not used after this. With no row, bytes are empty.
    mutating func finish() -> EncodedRows
}

/// What became of a message.
package enum FramingOutcome<Need: Sendable>: Sendable {
    case appended
    /// The message makes no row and is no error: it counts as read.
    case skipped
    /// Not taken: the batch cannot hold this message beside what it has, for example one with another schema. Close it, append the
    /// message to the next one. An empty framer never says so.
    case needsFlush
    /// Not taken: something must be fetched first.
    case needs(Need)
    /// Goes to the error table; counts as read.
    case rejected(RejectedRecord)
}

/// What a framing must know besides the configuration.
package struct FramingOptions: Sendable {
    /// The virtual columns that a mapping uses, in the order of ``KafkaConfiguration/virtualColumns``.
    package var columns: [VirtualColumn]
    /// Most bytes of a message, uncompressed; a larger one is rejected as `MESSAGE_TOO_LARGE`.
    package var largestMessage: Int
    /// Bytes to expect of a batch.
    package var batchBytes: Int
    /// The rows are for the server's inference of columns. Schemas that it cannot survive are refused then.
    package var isForInference: Bool
    /// Where batches take their memory from; nil: it is new for each.
    package var buffers: BatchBuffers?

    package init(
        columns: [VirtualColumn] = [], largestMessage: Int = 32 << 20, batchBytes: Int = 16 << 20,
        isForInference: Bool = false, buffers: BatchBuffers? = nil
    ) {
        self.columns = columns
        self.largestMessage = largestMessage
        self.batchBytes = batchBytes
        self.isForInference = isForInference
        self.buffers = buffers
    }
}
