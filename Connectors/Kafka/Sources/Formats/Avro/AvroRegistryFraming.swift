package import PipeCore

/// Avro datums whose schema is in a registry: those of one schema become one container.
package struct AvroRegistryFraming: MessageFraming {
    private let options: FramingOptions
    private let header: SchemaHeader.Kind
    private let hasPin: Bool
    private let cache: SchemaCache<AvroWriterSchema>

    /// - Parameters:
    ///   - header: what stands in front of messages.
    ///   - hasPin: messages without a header have the schema that the configuration pins.
    package init(
        options: FramingOptions, source: any SchemaSource, header: SchemaHeader.Kind, hasPin: Bool,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.options = options
        self.header = header
        self.hasPin = hasPin
        let added = AddedFields(options.columns)
        let isForInference = options.isForInference
        cache = SchemaCache(source, now: now) { schema in
            guard schema.kind == .avro else {
                return .failure(SchemaUnusable("the schema is of type \(schema.kind.rawValue); the format of the pipe needs AVRO"))
            }
            do throws(AvroSchema.Fault) {
                let writer = try AvroWriterSchema(AvroReferences.inlined(schema), added: added)
                if isForInference, writer.schema.isRecursive { return .failure(SchemaUnusable(AvroSchema.recursionReason)) }
                return .success(writer)
            } catch {
                return .failure(SchemaUnusable(error.description))
            }
        }
    }

    package func makeFramer() -> AvroRegistryFramer { AvroRegistryFramer(options: options, header: header, hasPin: hasPin, cache: cache) }
    package func resolve(_ need: SchemaReference) async throws { try await cache.fetch(need) }
}

package struct AvroRegistryFramer: PayloadFramer {
    package typealias Need = SchemaReference

    package var reader: PayloadReader
    package private(set) var rows: RowCollector
    private let added: AddedFields
    private let header: SchemaHeader.Kind
    private let hasPin: Bool
    private let cache: SchemaCache<AvroWriterSchema>
    private var reference: SchemaReference?
    private var writer: AvroWriterSchema?
    private var glueScratch: [UInt8] = []

    init(options: FramingOptions, header: SchemaHeader.Kind, hasPin: Bool, cache: SchemaCache<AvroWriterSchema>) {
        reader = PayloadReader(largestMessage: options.largestMessage)
        rows = RowCollector(options)
        added = AddedFields(options.columns)
        self.header = header
        self.hasPin = hasPin
        self.cache = cache
    }

    package mutating func append(_ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer) -> FramingOutcome<SchemaReference> {
        guard let header = SchemaHeader(value, header) else { return append(message, value, SchemaHeader(configured: value)) }
        return append(message, value, header)
    }

    private mutating func append(
        _ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer, _ header: SchemaHeader
    ) -> FramingOutcome<SchemaReference> {
        if header.reference != reference {
            if header.reference == .configured, !hasPin {
                return .rejected(message.rejection(self.header.absence, code: .sourceSchema))
            }
            switch cache.entry(header.reference) {
            case .unknown: return .needs(header.reference)
            case .missing(let reason):
                // A datum without a header may begin like one.
                if hasPin, header.reference != .configured { return append(message, value, SchemaHeader(configured: value)) }
                return .rejected(message.rejection(reason, code: .sourceSchema))
            case .ready(let prepared):
                if rows.rowCount > 0 { return .needsFlush }
                writer = prepared
                reference = header.reference
            }
        }
        guard let writer else { return .needs(header.reference) }
        if header.isDeflated {
            var scratch: [UInt8] = []
            swap(&scratch, &glueScratch)
            defer { swap(&scratch, &glueScratch) }
            do throws(PayloadCompression.Fault) {
                try header.inflate(into: &scratch, limit: reader.largestMessage)
            } catch {
                return .rejected(message.rejection("the message cannot be decompressed (zlib, as its Glue header says)"))
            }
            let copy = copy message
            return scratch.withUnsafeBytes { append(copy, value, datum: $0, writer) }
        }
        return append(message, value, datum: header.payload, writer)
    }

    private mutating func append(
        _ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer, datum: UnsafeRawBufferPointer, _ writer: AvroWriterSchema
    ) -> FramingOutcome<SchemaReference> {
        var walk = AvroWalk(writer.schema, datum)
        do throws(AvroWalk.Fault) { try walk.skipDatum() } catch {
            return .rejected(message.rejection("the message does not fit its schema: \(error.description)"))
        }
        guard walk.position == datum.count else {
            return .rejected(
                message.rejection("the message does not fit its schema: \(datum.count - walk.position) bytes stand behind its value"))
        }
        let start = rows.bytes.count
        added.appendAvro(message, value, to: &rows.bytes)
        let length = rows.bytes.count - start
        rows.bytes.append(contentsOf: datum)
        rows.row(of: message, from: start, added: length, hasAdditions: !added.isEmpty)
        return .appended
    }

    package mutating func finish() -> EncodedRows {
        rows.finish(
            format: "Avro", framing: writer?.framing ?? .bare, added: added.columns, place: added.isEmpty ? nil : .front,
            parserSettings: AvroWriterSchema.parserSettings)
    }
}
