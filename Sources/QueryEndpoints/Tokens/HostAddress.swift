private import Glibc

/// An IP address of a host that a key set is fetched from.
package struct HostAddress: Hashable, Sendable {
    /// 4 or 16 bytes; an IPv4 address inside IPv6 is one of 4.
    let bytes: [UInt8]
    /// As connections are told it.
    let text: String

    /// Nil for anything but the numbers of an address.
    package init?(_ text: String) {
        guard let bytes = Self.parse(AF_INET, text, count: 4) ?? Self.parse(AF_INET6, text, count: 16) else { return nil }
        self.text = text
        self.bytes = Self.mapped.contains { bytes.count == 16 && bytes.starts(with: $0) } ? Array(bytes.suffix(4)) : bytes
    }

    private static func parse(_ family: Int32, _ text: String, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }

    var isLoopback: Bool { bytes.count == 4 ? bytes[0] == 127 : bytes == [UInt8](repeating: 0, count: 15) + [1] }

    /// Whether it is an address of the internet at large: no private, link-local, loopback, documentation or multicast one
    /// (the registries of special purpose addresses, RFC 6890).
    package var isPublic: Bool {
        if bytes.count == 4 { return !Self.special4.contains { $0.contains(bytes) } }
        return Self.global6.contains(bytes) && !Self.special6.contains { $0.contains(bytes) }
    }

    /// IPv4 addresses in IPv6 clothes: mapped (`::ffff:0:0/96`), and behind a translator (`64:ff9b::/96`).
    private static let mapped: [[UInt8]] = [
        [UInt8](repeating: 0, count: 10) + [0xFF, 0xFF], [0x00, 0x64, 0xFF, 0x9B] + [UInt8](repeating: 0, count: 8),
    ]

    private struct Range {
        var start: [UInt8]
        var prefixLength: Int
        init(_ start: [UInt8], _ prefixLength: Int) {
            self.start = start
            self.prefixLength = prefixLength
        }

        func contains(_ address: [UInt8]) -> Bool {
            start.indices.allSatisfy { index in
                let bits = max(0, min(8, prefixLength - index * 8))
                let mask: UInt8 = bits == 0 ? 0 : 0xFF << (8 - UInt8(bits))
                return address[index] & mask == start[index] & mask
            }
        }
    }

    private static let special4 = [
        Range([0], 8), Range([10], 8), Range([100, 64], 10), Range([127], 8), Range([169, 254], 16), Range([172, 16], 12),
        Range([192, 0, 0], 24), Range([192, 0, 2], 24), Range([192, 88, 99], 24), Range([192, 168], 16), Range([198, 18], 15),
        Range([198, 51, 100], 24), Range([203, 0, 113], 24), Range([224], 3),
    ]
    private static let global6 = Range([0x20], 3)
    /// Inside 2000::/3: protocol assignments with Teredo, documentation, 6to4.
    private static let special6 = [
        Range([0x20, 0x01, 0x00], 23), Range([0x20, 0x01, 0x0D, 0xB8], 32), Range([0x20, 0x02], 16), Range([0x3F, 0xFF], 20),
    ]
}
