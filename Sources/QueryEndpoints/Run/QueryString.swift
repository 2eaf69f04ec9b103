/// The query part of a URL as the caller of an endpoint writes it.
public struct QueryString: Sendable, Hashable {
    public struct Item: Sendable, Hashable {
        public var name: String
        public var value: String
    }

    /// In order, empty pieces left out.
    public private(set) var items: [Item] = []

    /// `+` is a blank, as in forms. Throws 400 for a broken escape or bytes that are not UTF-8.
    public init(_ text: Substring) throws(QueryFailure) {
        for piece in text.utf8.split(separator: UInt8(ascii: "&")) {
            let end = piece.firstIndex(of: UInt8(ascii: "=")) ?? piece.endIndex
            let value = end == piece.endIndex ? piece[end...] : piece[piece.index(after: end)...]
            guard let name = Self.decoded(piece[..<end]), let value = Self.decoded(value) else {
                throw QueryFailure(
                    400, "INVALID_URL",
                    "the query string holds a broken % escape or text that is not UTF-8, at '"
                        + String(decoding: piece.prefix(40), as: UTF8.self) + "'")
            }
            items.append(Item(name: name, value: value))
        }
    }

    private static func decoded(_ part: Substring.UTF8View) -> String? {
        guard part.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(Substring(part))
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(part.count)
        var rest = part
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
