/// Where each row of ``EncodedRows`` stands: in its bytes, and in the source.
public struct RowLayout: Sendable, Hashable {
    /// How rows become a body.
    public enum Framing: Sendable, Hashable {
        /// They stand one behind the other; a line break belongs to the row before it.
        case bare
        /// The same, each with its length in front as a varint (ClickHouse's `Protobuf`).
        case lengthPrefixed
        /// One block of an Avro object container file (Avro 1.11, "Object Container Files"); `header` ends with `sync`.
        case avroBlock(header: [UInt8], sync: [UInt8])

        /// What stands before and behind the rows.
        public func frame(rows: Int, bytes: Int) -> (front: [UInt8], back: [UInt8]) {
            guard case .avroBlock(let header, let sync) = self else { return ([], []) }
            return (header + Self.zigzag(rows) + Self.zigzag(bytes), sync)
        }

        /// A long of Avro.
        private static func zigzag(_ value: Int) -> [UInt8] {
            var rest = UInt64(bitPattern: Int64((value << 1) ^ (value >> 63)))
            var bytes: [UInt8] = []
            while rest > 0x7f {
                bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            return bytes + [UInt8(rest)]
        }
    }

    /// Rows that follow each other and come from one place, such as a partition.
    public struct Place: Sendable, Hashable {
        public var firstRow: Int
        /// For example `topic` and `partition`.
        public var labels: [String: String]
        public init(firstRow: Int, labels: [String: String]) {
            self.firstRow = firstRow
            self.labels = labels
        }
    }

    /// Bytes of each row that are not the source's.
    public struct Additions: Sendable, Hashable {
        public enum Place: Sendable, Hashable { case front, behindFirstByte, back }
        public var place: Place
        /// One for each row.
        public var lengths: [Int]
        public init(_ place: Place, _ lengths: [Int]) {
            self.place = place
            self.lengths = lengths
        }
    }

    /// Offset of each row; a row ends where the next one begins, the last one at `end`.
    public var starts: [Int]
    public var end: Int
    public var framing: Framing
    public var places: [Place]
    /// The number of each row in its place, for example an offset.
    public var numbers: [Int64]
    /// What `numbers` are called in a locator.
    public var numberLabel: String
    public var additions: Additions?

    public init(
        starts: [Int], end: Int, framing: Framing = .bare, places: [Place], numbers: [Int64], numberLabel: String = "offset",
        additions: Additions? = nil
    ) {
        self.starts = starts
        self.end = end
        self.framing = framing
        self.places = places
        self.numbers = numbers
        self.numberLabel = numberLabel
        self.additions = additions
    }

    public func range(of row: Int) -> Range<Int> { starts[row]..<(row + 1 < starts.count ? starts[row + 1] : end) }

    /// The place of a row; its `firstRow` is that of the run.
    public func place(of row: Int) -> Place? {
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle].firstRow <= row { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : places[low - 1]
    }

    /// What names a row in the error table.
    public func locator(of row: Int) -> [String: String] {
        var locator = place(of: row)?.labels ?? [:]
        locator[numberLabel] = String(numbers[row])
        return locator
    }
}
