/// Messages of a transaction that is streamed before it commits: in memory, and beyond a limit in a file.
final class TransactionSpool {
    /// Of the file, which has no name once it is open: it ends with this program.
    private let path: String
    private var memory: [UInt8] = []
    private var file: FileHandleBox?
    /// Parts that were rolled back.
    var aborted: Set<UInt32> = []

    init(path: String) { self.path = path }

    /// Bytes of messages in memory.
    var count: Int { memory.count }
    /// Bytes that they, and those before them, made it take.
    var bytesInMemory: Int { memory.capacity }

    /// Keeps a message: its length, its part, and as it is outside of a streamed piece.
    func append(kind: UInt8, _ rest: UnsafeRawBufferPointer, part: UInt32) {
        memory.appendLittle(UInt32(rest.count + 1))
        memory.appendLittle(part)
        memory.append(kind)
        memory.append(contentsOf: rest)
    }

    /// Moves what is in memory to the file.
    func spill() throws {
        let box: FileHandleBox
        if let file {
            box = file
        } else {
            box = try FileHandleBox(path)
            file = box
        }
        try box.write(memory)
        memory.removeAll(keepingCapacity: true)
    }

    /// Gives up memory that holds no message.
    func shrink() { if memory.isEmpty { memory = [] } }

    /// Messages in order, about `limit` bytes at a time.
    func reader(limit: Int) throws -> Reader { Reader(spool: self, limit: limit, file: try file?.reading()) }

    struct Reader {
        let spool: TransactionSpool
        let limit: Int
        private var file: FileHandleBox?
        private var rest: [UInt8] = []
        private var isMemoryTaken = false

        init(spool: TransactionSpool, limit: Int, file: FileHandleBox?) {
            self.spool = spool
            self.limit = limit
            self.file = file
        }

        /// Nil at the end.
        mutating func next() throws -> SpooledMessages? {
            while true {
                if let box = file {
                    let more = try box.read(limit)
                    if more.isEmpty { file = nil } else { rest += more }
                } else if !isMemoryTaken {
                    isMemoryTaken = true
                    rest += spool.memory
                } else {
                    return nil
                }
                let messages = SpooledMessages(taking: &rest)
                if !messages.places.isEmpty { return messages }
            }
        }
    }
}

/// Messages out of a spool.
struct SpooledMessages {
    let bytes: [UInt8]
    let places: [(part: UInt32, range: Range<Int>)]

    /// Takes the whole messages and leaves the beginning of the next one.
    init(taking rest: inout [UInt8]) {
        var index = 0
        var found: [(part: UInt32, range: Range<Int>)] = []
        rest.withUnsafeBytes { bytes in
            while bytes.count - index >= 8 {
                let length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt32.self)))
                let part = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: index + 4, as: UInt32.self))
                guard bytes.count - index - 8 >= length else { break }
                found.append((part, (index + 8)..<(index + 8 + length)))
                index += 8 + length
            }
        }
        let left = Array(rest[index...])
        places = found
        bytes = rest
        rest = left
    }
}
