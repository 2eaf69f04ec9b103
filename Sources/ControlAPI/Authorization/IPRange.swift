/// An IP address or a CIDR range of them, version 4 or 6.
package struct IPRange: Sendable, Hashable {
    /// 4 or 16 bytes, bits beyond the prefix cleared.
    package let bytes: [UInt8]
    package let prefixLength: Int

    /// Nil when `text` is neither an address nor a range.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, let address = Self.address(String(first)) else { return nil }
        var length = address.count * 8
        if parts.count == 2 {
            guard let given = Self.decimal(parts[1], max: length) else { return nil }
            length = given
        }
        prefixLength = length
        bytes = address.enumerated().map { index, byte in
            let bits = Swift.max(0, Swift.min(8, length - index * 8))
            return byte & (bits == 0 ? 0 : 0xFF << (8 - UInt8(bits)))
        }
    }

    /// Whether the address lies in this range. An IPv4 address inside IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    package func contains(_ address: String) -> Bool {
        guard let bare = address.split(separator: "%").first, var other = Self.address(String(bare)) else { return false }
        if other.count == 16, bytes.count == 4, other.prefix(10).allSatisfy({ $0 == 0 }), other[10] == 0xFF, other[11] == 0xFF {
            other = Array(other.suffix(4))
        }
        guard other.count == bytes.count else { return false }
        for index in bytes.indices {
            let bits = Swift.max(0, Swift.min(8, prefixLength - index * 8))
            if bits == 0 { return true }
            if other[index] & (0xFF << (8 - UInt8(bits))) != bytes[index] { return false }
        }
        return true
    }

    private static func address(_ text: String) -> [UInt8]? { text.contains(":") ? version6(text) : version4(text[...]) }

    private static func version4(_ text: Substring) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var result: [UInt8] = []
        for part in parts {
            // A leading zero would mean octal to some readers.
            guard let number = decimal(part, max: 255), part.count == 1 || part.first != "0" else { return nil }
            result.append(UInt8(number))
        }
        return result
    }

    private static func version6(_ text: String) -> [UInt8]? {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2, let head = groups(halves[0], allowsVersion4: halves.count == 1) else { return nil }
        if halves.count == 1 { return head.count == 16 ? head : nil }
        guard let tail = groups(halves[1], allowsVersion4: true), head.count + tail.count <= 14 else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func groups(_ text: Substring, allowsVersion4: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var result: [UInt8] = []
        for (index, part) in parts.enumerated() {
            if part.contains(".") {
                guard allowsVersion4, index == parts.count - 1, let bytes = version4(part) else { return nil }
                result += bytes
            } else {
                guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit), let number = UInt16(part, radix: 16) else {
                    return nil
                }
                result += [UInt8(number >> 8), UInt8(number & 0xFF)]
            }
        }
        return result
    }

    private static func decimal(_ text: Substring, max: Int) -> Int? {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            number <= max
        else { return nil }
        return number
    }
}
