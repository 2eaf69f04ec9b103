package import PipeCore

/// JSON objects, one message each, as lines.
package struct JSONFraming: MessageFraming {
    package var options: FramingOptions
    package init(options: FramingOptions) { self.options = options }
    package func makeFramer() -> JSONFramer { JSONFramer(options: options) }
    package func resolve(_ need: Never) async throws {}
}

package struct JSONFramer: MessageFramer {
    private let options: FramingOptions
    private var bytes: [UInt8] = []
    private var starts: [Int] = []
    private var numbers: [Int64] = []
    private var places: [RowLayout.Place] = []
    private var topic = ""
    private var partition: Int32 = -1
    private var oldest = Int64.max
    private var newest = Int64.min

    init(options: FramingOptions) {
        self.options = options
        bytes.reserveCapacity(options.batchBytes + options.batchBytes / 16)
    }

    package var byteCount: Int { bytes.count }
    package var rowCount: Int { starts.count }

    package mutating func append(_ message: borrowing KafkaMessage) -> FramingOutcome<Never> {
        guard let value = message.value, value.first == UInt8(ascii: "{"), value.last == UInt8(ascii: "}") else {
            return .rejected(
                RejectedRecord(
                    code: .dataParsing, reason: "not one JSON object", locator: message.locator, raw: message.value.map { Array($0) } ?? [])
            )
        }
        if partition != message.partition || topic != message.topic {
            topic = message.topic
            partition = message.partition
            places.append(
                RowLayout.Place(firstRow: starts.count, labels: ["topic": message.topic, "partition": String(message.partition)]))
        }
        starts.append(bytes.count)
        numbers.append(message.offset)
        if let time = message.timestamp {
            oldest = min(oldest, time)
            newest = max(newest, time)
        }
        bytes.append(contentsOf: value)
        bytes.append(UInt8(ascii: "\n"))
        return .appended
    }

    package mutating func finish() -> EncodedRows {
        EncodedRows(
            bytes: bytes, rowCount: starts.count, format: "JSONEachRow",
            layout: RowLayout(starts: starts, end: bytes.count, places: places, numbers: numbers),
            produced: oldest <= newest ? oldest...newest : nil)
    }
}
