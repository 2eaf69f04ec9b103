/// An element of a small XML document: the answers of S3 and STS.
///
/// Strict and small on purpose: elements, text, CDATA, comments, the declaration; no document types, so no entities but the five
/// of XML and character references. Names lose their namespace prefix; attributes are checked and dropped.
package struct XMLElement: Hashable, Sendable {
    package var name: String
    /// The text directly inside this element, references resolved.
    package var text = ""
    package var children: [XMLElement] = []

    init(name: String) { self.name = name }

    package subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    /// The first element of that name at any depth.
    package func descendant(_ name: String) -> XMLElement? {
        for child in children {
            if child.name == name { return child }
            if let found = child.descendant(name) { return found }
        }
        return nil
    }
}

package struct XMLError: Error, Hashable, Sendable, CustomStringConvertible {
    package var message: String
    package var offset: Int
    package var description: String { "\(message) at byte \(offset)" }
}

extension XMLElement {
    package static let maximumDepth = 32

    package init(parsing bytes: [UInt8]) throws(XMLError) {
        var parser = XMLParser(bytes: bytes)
        self = try parser.document()
    }
}

private struct XMLParser {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    func failure(_ message: String) -> XMLError { XMLError(message: message, offset: position) }

    mutating func document() throws(XMLError) -> XMLElement {
        try skipMisc()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "<") else { throw failure("no element") }
        let root = try element(depth: 0)
        try skipMisc()
        if position < bytes.count { throw failure("something after the root element") }
        return root
    }

    /// White space, the declaration, processing instructions and comments outside the root element.
    private mutating func skipMisc() throws(XMLError) {
        while true {
            skipSpace()
            if take("<?") {
                try skip(past: "?>")
            } else if take("<!--") {
                try skip(past: "-->")
            } else {
                return
            }
        }
    }

    /// At `<`.
    private mutating func element(depth: Int) throws(XMLError) -> XMLElement {
        if depth > XMLElement.maximumDepth { throw failure("elements nested too deep") }
        position += 1
        let fullName = try name()
        var element = XMLElement(name: String(fullName.split(separator: ":").last ?? ""))
        if try attributes() { return element }
        var text: [UInt8] = []
        while true {
            guard position < bytes.count else { throw failure("the element \(fullName) does not end") }
            switch bytes[position] {
            case UInt8(ascii: "<"):
                if take("</") {
                    guard try name() == fullName else { throw failure("an end tag that does not match <\(fullName)>") }
                    skipSpace()
                    guard take(">") else { throw failure("an end tag without >") }
                    guard let decoded = String(validating: text, as: UTF8.self) else { throw failure("text that is not UTF-8") }
                    element.text = decoded
                    return element
                } else if take("<!--") {
                    try skip(past: "-->")
                } else if take("<![CDATA[") {
                    let start = position
                    try skip(past: "]]>")
                    text += bytes[start..<(position - 3)]
                } else if take("<?") {
                    try skip(past: "?>")
                } else {
                    element.children.append(try self.element(depth: depth + 1))
                }
            case UInt8(ascii: "&"): try reference(into: &text)
            default:
                text.append(bytes[position])
                position += 1
            }
        }
    }

    /// Up to and including the `>` of a start tag; true for an empty element, `/>`.
    private mutating func attributes() throws(XMLError) -> Bool {
        while true {
            skipSpace()
            if take("/>") { return true }
            if take(">") { return false }
            _ = try name()
            skipSpace()
            guard take("=") else { throw failure("an attribute without a value") }
            skipSpace()
            if take("\"") {
                try skip(past: "\"")
            } else if take("'") {
                try skip(past: "'")
            } else {
                throw failure("an attribute value without quotes")
            }
        }
    }

    private mutating func name() throws(XMLError) -> String {
        let start = position
        while position < bytes.count, Self.isNameByte(bytes[position]) { position += 1 }
        guard position > start, let name = String(validating: bytes[start..<position], as: UTF8.self) else { throw failure("no name") }
        return name
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"), 0x80...:
            true
        default: false
        }
    }

    /// At `&`.
    private mutating func reference(into text: inout [UInt8]) throws(XMLError) {
        for (name, byte) in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("&quot;", "\""), ("&apos;", "'")] where take(name) {
            text += Array(byte.utf8)
            return
        }
        guard take("&#") else { throw failure("an unknown entity") }
        let isHex = take("x")
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: ";"), position - start < 8 { position += 1 }
        let digits = String(decoding: bytes[start..<position], as: UTF8.self)
        guard take(";"), let value = UInt32(digits, radix: isHex ? 16 : 10), value > 0, let scalar = Unicode.Scalar(value) else {
            throw failure("a wrong character reference")
        }
        text += Array(String(Character(scalar)).utf8)
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private mutating func take(_ token: String) -> Bool {
        guard bytes[position...].starts(with: token.utf8) else { return false }
        position += token.utf8.count
        return true
    }

    private mutating func skip(past token: String) throws(XMLError) {
        while position < bytes.count {
            if take(token) { return }
            position += 1
        }
        throw failure("no \(token)")
    }
}
