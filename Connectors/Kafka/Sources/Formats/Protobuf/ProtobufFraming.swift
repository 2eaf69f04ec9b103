package import PipeCore

/// Messages of Protobuf, as records of Avro: no server before 25.6 takes a Protobuf schema with a request, and none has it in a file of
/// its own for us (docs/decisions).
package struct ProtobufFraming: MessageFraming {
    private let options: FramingOptions
    private let mode: ProtobufFramer.Mode
    private let cache: SchemaCache<ProtobufSchema>

    /// Schemas of a registry.
    /// - Parameter hasPin: messages without a header have the schema that the configuration pins.
    package init(
        options: FramingOptions, source: any SchemaSource, hasPin: Bool,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.options = options
        mode = .registry(hasPin: hasPin)
        let added = AddedFields(options.columns)
        cache = SchemaCache(source, now: now) { schema in
            guard schema.kind == .protobuf else {
                return .failure(SchemaUnusable("the schema is of type \(schema.kind.rawValue); the format of the pipe needs PROTOBUF"))
            }
            do throws(ProtoFile.Fault) { return .success(ProtobufSchema(try ProtobufSchema.parse(schema), added: added)) } catch {
                return .failure(SchemaUnusable(error.description))
            }
        }
    }

    /// The schema of the configuration, for all messages; they have no header. Throws ``PipeError``.
    package init(options: FramingOptions, base64 schema: String) throws(PipeError) {
        self.options = options
        do throws(ProtoFile.Fault) {
            mode = .fixed(ProtobufSchema(try ProtobufSchema.parse(base64: schema), added: AddedFields(options.columns)))
        } catch {
            throw PipeError(.sourceSchema, .user, side: .source, "protobufSchema cannot be used: \(error.description)")
        }
        cache = SchemaCache(NoRegistry()) { _ in .failure(SchemaUnusable("there is no registry")) }
    }

    package func makeFramer() -> ProtobufFramer { ProtobufFramer(options: options, mode: mode, cache: cache) }
    package func resolve(_ need: SchemaReference) async throws { try await cache.fetch(need) }

    private struct NoRegistry: SchemaSource {
        func schema(_ reference: SchemaReference) async throws(RegistryFault) -> RegisteredSchema { throw .missing("there is no registry") }
        func reach() async throws(RegistryFault) {}
    }
}

package struct ProtobufFramer: PayloadFramer {
    package typealias Need = SchemaReference

    enum Mode: Sendable {
        case registry(hasPin: Bool)
        case fixed(ProtobufSchema)
    }

    package var reader: PayloadReader
    package private(set) var rows: RowCollector
    private let added: AddedFields
    private let mode: Mode
    private let cache: SchemaCache<ProtobufSchema>
    private var reference: SchemaReference?
    private var path: [Int] = []
    private var writer: ProtobufSchema.Writer?
    private var transcoder: ProtoTranscoder?

    init(options: FramingOptions, mode: Mode, cache: SchemaCache<ProtobufSchema>) {
        reader = PayloadReader(largestMessage: options.largestMessage)
        rows = RowCollector(options)
        added = AddedFields(options.columns)
        self.mode = mode
        self.cache = cache
    }

    package mutating func append(_ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer) -> FramingOutcome<SchemaReference> {
        if case .fixed(let schema) = mode {
            // Some producers of a registry use this, too: a Protobuf message never begins with a zero byte.
            let (path, payload) = Self.indexed(value) ?? (Self.firstMessage, value)
            return append(message, value, payload, .configured, path) { .ready(schema) }
        }
        guard case .registry(let hasPin) = mode else { return .skipped }
        if let (path, payload) = Self.indexed(value), let header = SchemaHeader(value, .confluent) {
            return append(message, value, payload, header.reference, path) { [cache] in cache.entry(header.reference) }
        }
        guard hasPin else { return .rejected(message.rejection(SchemaHeader.Kind.confluent.absence, code: .sourceSchema)) }
        return append(message, value, value, .configured, Self.firstMessage) { [cache] in cache.entry(.configured) }
    }

    /// Shared, so that no message makes a list of its own.
    private static let firstMessage = [0]

    /// The indexes of the message type behind the id, and the message itself; nil without a header.
    private static func indexed(_ value: UnsafeRawBufferPointer) -> (path: [Int], payload: UnsafeRawBufferPointer)? {
        guard value.count >= 6, value[0] == 0 else { return nil }
        // The usual case: a single zero for "the first message".
        if value[5] == 0 { return (Self.firstMessage, UnsafeRawBufferPointer(rebasing: value[6...])) }
        var reader = ProtoReader(value, 5..<value.count)
        do throws(ProtoReader.Fault) {
            let count = try zigzag(&reader)
            guard (1...32).contains(count) else { return nil }
            var path: [Int] = []
            for _ in 0..<count { path.append(Int(truncatingIfNeeded: try zigzag(&reader))) }
            return (path, UnsafeRawBufferPointer(rebasing: value[reader.position...]))
        } catch {
            return nil
        }
    }

    private static func zigzag(_ reader: inout ProtoReader) throws(ProtoReader.Fault) -> Int64 {
        let raw = try reader.varint()
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    private mutating func append(
        _ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer,
        _ reference: SchemaReference, _ path: [Int], _ entry: () -> SchemaCache<ProtobufSchema>.Entry
    ) -> FramingOutcome<SchemaReference> {
        if reference != self.reference || path != self.path {
            switch entry() {
            case .unknown: return .needs(reference)
            case .missing(let reason): return .rejected(message.rejection(reason, code: .sourceSchema))
            case .ready(let schema):
                switch schema.writer(path) {
                case .failure(let fault): return .rejected(message.rejection(fault.description, code: .sourceSchema))
                case .success(let found):
                    if rows.rowCount > 0 { return .needsFlush }
                    writer = found
                    transcoder = ProtoTranscoder(found.plan)
                    self.reference = reference
                    self.path = path
                }
            }
        }
        let start = rows.bytes.count
        added.appendAvro(message, value, to: &rows.bytes)
        let length = rows.bytes.count - start
        do throws(ProtoTranscoder.Fault) { try transcoder?.transcode(payload, into: &rows.bytes) } catch {
            rows.bytes.removeSubrange(start...)
            return .rejected(message.rejection(error.description, code: error == .tooLarge ? .messageTooLarge : .dataParsing))
        }
        rows.row(of: message, from: start, added: length, hasAdditions: !added.isEmpty)
        return .appended
    }

    package mutating func finish() -> EncodedRows {
        rows.finish(
            format: "Avro", framing: writer?.avro.framing ?? .bare, added: added.columns, place: added.isEmpty ? nil : .front,
            parserSettings: AvroWriterSchema.parserSettings)
    }
}
