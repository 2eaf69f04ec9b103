internal import PipeCore

/// The rows of one batch while they are written: their bytes, and where each of them stands.
package struct RowCollector: Sendable {
    var bytes: [UInt8] = []
    private(set) var starts: [Int] = []
    private var numbers: [Int64] = []
    private var places: [RowLayout.Place] = []
    private var additions: [Int] = []
    private var topic = ""
    private var partition: Int32 = -1
    private var oldest = Int64.max
    private var newest = Int64.min
    private let buffers: BatchBuffers?

    init(_ options: FramingOptions) {
        buffers = options.buffers
        let capacity = options.batchBytes + options.batchBytes / 16
        if let buffers { bytes = buffers.take(capacity: capacity) } else { bytes.reserveCapacity(capacity) }
    }

    var rowCount: Int { starts.count }

    /// Notes a row whose bytes begin at `start` and are in ``bytes``.
    /// - Parameter added: how many of them are not the message's; zero where no row has any.
    @inline(__always)
    mutating func row(of message: borrowing KafkaMessage, from start: Int, added: Int, hasAdditions: Bool) {
        if partition != message.partition || topic != message.topic {
            topic = message.topic
            partition = message.partition
            places.append(
                RowLayout.Place(firstRow: starts.count, labels: ["topic": message.topic, "partition": String(message.partition)]))
        }
        starts.append(start)
        numbers.append(message.offset)
        if hasAdditions { additions.append(added) }
        if let time = message.timestamp {
            oldest = min(oldest, time)
            newest = max(newest, time)
        }
    }

    /// A point to go back to.
    struct Mark {
        var bytes: Int
        var rows: Int
        fileprivate var places: Int
        fileprivate var topic: String
        fileprivate var partition: Int32
        fileprivate var oldest: Int64
        fileprivate var newest: Int64
    }

    var mark: Mark {
        Mark(
            bytes: bytes.count, rows: starts.count, places: places.count, topic: topic, partition: partition, oldest: oldest,
            newest: newest)
    }

    /// Forgets what was added since.
    mutating func rollBack(to mark: Mark) {
        bytes.removeSubrange(mark.bytes...)
        starts.removeSubrange(mark.rows...)
        numbers.removeSubrange(mark.rows...)
        if !additions.isEmpty { additions.removeSubrange(mark.rows...) }
        places.removeSubrange(mark.places...)
        (topic, partition, oldest, newest) = (mark.topic, mark.partition, mark.oldest, mark.newest)
    }

    /// The batch. With no row, bytes are empty.
    /// - Parameter place: where ``row(of:from:added:hasAdditions:)`` was told of added bytes; nil for none.
    mutating func finish(
        format: String, framing: RowLayout.Framing = .bare, added: [VirtualColumn], place: RowLayout.Additions.Place?,
        parserSettings: [String: String] = [:]
    ) -> EncodedRows {
        guard !starts.isEmpty else { return EncodedRows(bytes: [], rowCount: 0, format: format) }
        let frame = framing.frame(rows: starts.count, bytes: bytes.count)
        if !frame.front.isEmpty {
            bytes.insert(contentsOf: frame.front, at: 0)
            for index in starts.indices { starts[index] += frame.front.count }
        }
        let end = bytes.count
        bytes += frame.back
        defer { bytes = [] }
        return EncodedRows(
            bytes: bytes, rowCount: starts.count, format: format,
            layout: RowLayout(
                starts: starts, end: end, framing: framing, places: places, numbers: numbers,
                additions: place.map { RowLayout.Additions($0, additions) }),
            added: added, parserSettings: parserSettings, produced: oldest <= newest ? oldest...newest : nil,
            loan: buffers?.loan(bytes))
    }
}
