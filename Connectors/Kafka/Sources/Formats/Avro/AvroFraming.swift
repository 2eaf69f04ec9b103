package import PipeCore

/// Messages that are Avro object containers; the blocks of all that share a schema become one container.
package struct AvroFraming: MessageFraming {
    package var options: FramingOptions
    package init(options: FramingOptions) { self.options = options }
    package func makeFramer() -> AvroFramer { AvroFramer(options: options) }
    package func resolve(_ need: Never) async throws {}
}

package struct AvroFramer: PayloadFramer {
    package typealias Need = Never

    package var reader: PayloadReader
    package private(set) var rows: RowCollector
    private let added: AddedFields
    private let isForInference: Bool
    private var schemaText: [UInt8] = []
    private var writer: AvroWriterSchema?
    private var blockScratch: [UInt8] = []

    /// Most bytes that the rows of one message may take: a block can name more records than it has bytes.
    static let largestExpansion = 256 << 20

    init(options: FramingOptions) {
        reader = PayloadReader(largestMessage: options.largestMessage)
        rows = RowCollector(options)
        added = AddedFields(options.columns)
        isForInference = options.isForInference
    }

    package mutating func append(_ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer) -> FramingOutcome<Never> {
        var container: AvroContainer
        do throws(AvroContainer.Fault) { container = try AvroContainer(value) } catch {
            return .rejected(message.rejection(error.description))
        }
        let text = UnsafeRawBufferPointer(rebasing: value[container.schema])
        if writer == nil || !text.elementsEqual(schemaText) {
            if rows.rowCount > 0 { return .needsFlush }
            do throws(AvroSchema.Fault) { writer = try AvroWriterSchema(Array(text), added: added) } catch {
                return .rejected(message.rejection(error.description, code: .sourceSchema))
            }
            schemaText = Array(text)
        }
        guard let writer else { return .needsFlush }
        if isForInference, writer.schema.isRecursive {
            return .rejected(message.rejection(AvroSchema.recursionReason, code: .sourceSchema))
        }
        let mark = rows.mark
        do {
            while let block = try container.nextBlock() {
                let data = UnsafeRawBufferPointer(rebasing: value[block.data])
                try append(message, value, block: data, codec: container.codec, count: block.count, writer, since: mark)
            }
        } catch {
            rows.rollBack(to: mark)
            return .rejected(message.rejection("\(error)"))
        }
        return rows.rowCount == mark.rows ? .skipped : .appended
    }

    private struct Refusal: Error, CustomStringConvertible {
        var description: String
    }

    private mutating func append(
        _ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer, block: UnsafeRawBufferPointer, codec: AvroContainer.Codec,
        count: Int, _ writer: AvroWriterSchema, since mark: RowCollector.Mark
    ) throws {
        if codec == .null { return try append(message, value, datums: block, count: count, writer, since: mark) }
        var scratch: [UInt8] = []
        swap(&scratch, &blockScratch)
        defer { swap(&scratch, &blockScratch) }
        do throws(PayloadCompression.Fault) {
            try codec.decompress(block, into: &scratch, limit: PayloadReader.largestUnfolded)
        } catch {
            throw Refusal(
                description: error == .tooLarge
                    ? "a block of the Avro container unfolds to more than \(PayloadReader.largestUnfolded) bytes"
                    : "a block of the Avro container cannot be decompressed (\(codec.rawValue))")
        }
        let copy = copy message
        try scratch.withUnsafeBytes { try append(copy, value, datums: $0, count: count, writer, since: mark) }
    }

    private mutating func append(
        _ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer, datums: UnsafeRawBufferPointer, count: Int,
        _ writer: AvroWriterSchema, since mark: RowCollector.Mark
    ) throws {
        var walk = AvroWalk(writer.schema, datums)
        var withoutBytes = 0
        for _ in 0..<count {
            let first = walk.position
            try walk.skipDatum()
            if walk.position == first {
                withoutBytes += 1
                if withoutBytes > AvroWalk.maximumEmptyItems { throw AvroWalk.Fault.tooManyItems }
            }
            let start = rows.bytes.count
            added.appendAvro(message, value, to: &rows.bytes)
            let length = rows.bytes.count - start
            rows.bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: datums[first..<walk.position]))
            rows.row(of: message, from: start, added: length, hasAdditions: !added.isEmpty)
            if rows.bytes.count - mark.bytes > Self.largestExpansion {
                throw Refusal(description: "the records of the message take more than \(Self.largestExpansion) bytes")
            }
        }
        guard walk.position == datums.count else {
            throw Refusal(description: "a block of the Avro container has bytes behind its last record")
        }
    }

    package mutating func finish() -> EncodedRows {
        rows.finish(
            format: "Avro", framing: writer?.framing ?? .bare, added: added.columns, place: added.isEmpty ? nil : .front,
            parserSettings: AvroWriterSchema.parserSettings)
    }
}

extension AvroContainer.Codec {
    func decompress(_ block: UnsafeRawBufferPointer, into target: inout [UInt8], limit: Int) throws(PayloadCompression.Fault) {
        var sink = DecompressionSink(taking: &target, limit: limit)
        defer { target = sink.take() }
        switch self {
        case .null: throw .broken
        case .deflate: try Inflate.run(block, windowBits: -15, into: &sink)
        case .zstandard: try ZstdFrames.run(block, into: &sink)
        case .snappy:
            // The CRC-32 of the content stands behind the block; the walk over the datums finds what it would.
            guard block.count >= 4 else { throw .broken }
            try SnappyBlocks.block(UnsafeRawBufferPointer(rebasing: block.dropLast(4)), into: &sink)
        }
    }
}

extension AvroSchema {
    static let recursionReason =
        "the schema contains itself: ClickHouse 25.8 ends its process when it infers columns from such a schema; name the columns yourself"
}

extension PipeError.Code {
    /// There is no schema for a message, or one that cannot be used.
    static let sourceSchema: PipeError.Code = "SOURCE_SCHEMA_ERROR"
}
