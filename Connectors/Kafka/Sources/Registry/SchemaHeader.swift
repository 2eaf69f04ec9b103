/// What producers of a registry put in front of a message: the name of its schema.
package struct SchemaHeader {
    package enum Kind: Sendable {
        /// A zero byte and the id in four bytes, highest first.
        case confluent
        /// 3, then 0 or (zlib) 5, then the 16 bytes of the schema version's UUID.
        case glue

        /// Why a message without a header is rejected.
        var absence: String {
            switch self {
            case .confluent:
                "the message has no schema id (it does not begin with a zero byte), and schemaRegistry.url names no schema"
            case .glue: "the message has no header of the Glue schema registry (3, then 0 or 5)"
            }
        }
    }

    var reference: SchemaReference
    var payload: UnsafeRawBufferPointer
    var isDeflated = false

    /// Nil where the message begins with something else.
    @inline(__always)
    init?(_ message: UnsafeRawBufferPointer, _ kind: Kind) {
        switch kind {
        case .confluent:
            guard message.count >= 5, message[0] == 0 else { return nil }
            reference = .id(Int32(bigEndian: message.loadUnaligned(fromByteOffset: 1, as: Int32.self)))
            payload = UnsafeRawBufferPointer(rebasing: message[5...])
        case .glue:
            guard message.count >= 18, message[0] == 3, message[1] == 0 || message[1] == 5 else { return nil }
            reference = .version(
                SchemaVersionID(
                    high: UInt64(bigEndian: message.loadUnaligned(fromByteOffset: 2, as: UInt64.self)),
                    low: UInt64(bigEndian: message.loadUnaligned(fromByteOffset: 10, as: UInt64.self))))
            payload = UnsafeRawBufferPointer(rebasing: message[18...])
            isDeflated = message[1] == 5
        }
    }

    /// A message without a header.
    init(configured message: UnsafeRawBufferPointer) {
        reference = .configured
        payload = message
    }

    func inflate(into target: inout [UInt8], limit: Int) throws(PayloadCompression.Fault) {
        var sink = DecompressionSink(taking: &target, limit: min(limit, PayloadReader.largestUnfolded))
        defer { target = sink.take() }
        try Inflate.run(payload, windowBits: 15, into: &sink)
    }
}
