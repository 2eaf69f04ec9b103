import ClickHouse

/// UUIDs and IP addresses.
enum AddressText {
    /// Thirty-two hexadecimal digits, with hyphens or without.
    static func uuid(_ text: String) throws(ValueProblem) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(36)
        let isHyphenated = text.utf8.count == 36
        guard isHyphenated || text.utf8.count == 32 else { throw notUUID(text) }
        for (index, byte) in text.utf8.enumerated() {
            if isHyphenated, [8, 13, 18, 23].contains(index) {
                guard byte == UInt8(ascii: "-") else { throw notUUID(text) }
                result.append(byte)
            } else {
                guard QuotedText.hexadecimal(byte) != nil else { throw notUUID(text) }
                if !isHyphenated, [8, 12, 16, 20].contains(index) { result.append(UInt8(ascii: "-")) }
                result.append((0x41...0x46).contains(byte) ? byte + 0x20 : byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func notUUID(_ text: String) -> ValueProblem {
        ValueProblem(text, "is not a UUID like 61f0c404-5cb3-11e7-907b-a6006ad3dba0")
    }

    static func ipv4(_ text: String) throws(ValueProblem) -> String {
        guard isIPv4(text.utf8[...]) else { throw ValueProblem(text, "is not an IPv4 address like 192.0.2.1") }
        return text
    }

    /// Also accepts an IPv4 address, which becomes `::ffff:192.0.2.1`, but no zone (`%eth0`).
    static func ipv6(_ text: String) throws(ValueProblem) -> String {
        guard isIPv6(text.utf8[...]) || isIPv4(text.utf8[...]) else { throw ValueProblem(text, "is not an IPv6 address like 2001:db8::1") }
        return text
    }

    /// Four numbers without leading zeros, which some would read as octal.
    private static func isIPv4(_ text: Substring.UTF8View) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                guard (1...3).contains(part.count), part.count == 1 || part.first != 0x30 else { return false }
                var value = 0
                for byte in part {
                    guard (0x30...0x39).contains(byte) else { return false }
                    value = value * 10 + Int(byte - 0x30)
                }
                return value <= 255
            }
    }

    private static func isIPv6(_ text: Substring.UTF8View) -> Bool {
        guard text.count <= 45 else { return false }
        var rest = text
        var groups = 0
        var hasGap = false
        if rest.starts(with: "::".utf8) {
            hasGap = true
            rest = rest.dropFirst(2)
        }
        while !rest.isEmpty {
            if isIPv4(rest) {
                groups += 2
                rest = rest.dropFirst(rest.count)
                break
            }
            let group = rest.prefix { QuotedText.hexadecimal($0) != nil }
            guard (1...4).contains(group.count) else { return false }
            groups += 1
            rest = rest.dropFirst(group.count)
            if rest.isEmpty { break }
            guard rest.first == UInt8(ascii: ":") else { return false }
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: ":") {
                guard !hasGap else { return false }
                hasGap = true
                rest = rest.dropFirst()
            } else if rest.isEmpty {
                return false
            }
        }
        return hasGap ? groups < 8 : groups == 8
    }
}
