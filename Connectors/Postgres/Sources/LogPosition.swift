/// A place in the write-ahead log of a server (LSN), written `16/B374D848` as Postgres does.
package struct LogPosition: Hashable, Sendable, Comparable, Codable, CustomStringConvertible {
    package var value: UInt64

    package static let zero = LogPosition(0)

    package init(_ value: UInt64) { self.value = value }

    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let high = UInt32(parts[0], radix: 16), let low = UInt32(parts[1], radix: 16) else { return nil }
        value = UInt64(high) << 32 | UInt64(low)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let position = LogPosition(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a position in a write-ahead log")
        }
        self = position
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package static func < (left: LogPosition, right: LogPosition) -> Bool { left.value < right.value }

    package var description: String {
        "\(String(value >> 32, radix: 16, uppercase: true))/\(String(value & 0xffff_ffff, radix: 16, uppercase: true))"
    }
}
