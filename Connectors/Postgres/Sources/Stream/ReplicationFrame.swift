/// What a server sends on a replication connection (postgresql.org, "Streaming Replication Protocol").
package enum ReplicationFrame: Hashable, Sendable {
    /// Output of the plugin starts at `payload` of the frame. `end` is where the server's log ends now.
    case data(start: LogPosition, end: LogPosition, payload: Int)
    /// Everything before `end` has been sent, as far as it concerns the slot.
    case keepalive(end: LogPosition, wantsReply: Bool)

    package init(_ bytes: UnsafeRawBufferPointer) throws(WireError) {
        var reader = WireReader(bytes)
        switch try reader.integer(UInt8.self) {
        case UInt8(ascii: "w"):
            let start = LogPosition(try reader.integer())
            let end = LogPosition(try reader.integer())
            _ = try reader.integer(Int64.self)
            self = .data(start: start, end: end, payload: reader.index)
        case UInt8(ascii: "k"):
            let end = LogPosition(try reader.integer())
            _ = try reader.integer(Int64.self)
            self = .keepalive(end: end, wantsReply: try reader.integer(UInt8.self) != 0)
        default: throw WireError("is an unknown kind of replication message")
        }
    }

    /// Standby status update: everything up to `position` is safe here and needs not be kept.
    package static func status(_ position: LogPosition, microsecondsSince2000 time: Int64 = 0) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "r")]
        for value in [position.value, position.value, position.value, UInt64(bitPattern: time)] {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        bytes.append(0)
        return bytes
    }
}
