/// Finds the end of one token after the other in UTF-8. Tried on 25.8: comments nest, `#` begins one only before a blank or `!`, the tag of
/// a heredoc is a run of ASCII letters, digits and `_`, typographic quotes know no escapes.
struct SQLScanner {
    private let count: Int
    private var position = 0
    private var lastTags: [ArraySlice<UInt8>: Int]?

    init(count: Int) { self.count = count }

    /// The kind of the next token and where it ends; nil at the end of `bytes`, which must always be the same.
    mutating func next(_ bytes: [UInt8]) -> (kind: SQLToken.Kind, end: Int)? {
        guard position < count else { return nil }
        let (kind, end) = token(bytes, at: position)
        // A token has at least one byte, whatever the text.
        position = max(end, position + 1)
        return (kind, position)
    }

    private mutating func token(_ bytes: [UInt8], at start: Int) -> (SQLToken.Kind, Int) {
        let first = bytes[start]
        let second = start + 1 < count ? bytes[start + 1] : 0
        switch first {
        case 0x09...0x0D, 0x20: return (.space, endOfSpace(bytes, from: start))
        case UInt8(ascii: "'"): return quoted(bytes, from: start, kind: .string)
        case UInt8(ascii: "`"), UInt8(ascii: "\""): return quoted(bytes, from: start, kind: .quotedName)
        case UInt8(ascii: "-") where second == UInt8(ascii: "-"): return (.comment, endOfLine(bytes, from: start))
        case UInt8(ascii: "/") where second == UInt8(ascii: "/"): return (.comment, endOfLine(bytes, from: start))
        case UInt8(ascii: "#") where second == UInt8(ascii: " ") || second == UInt8(ascii: "!"):
            return (.comment, endOfLine(bytes, from: start))
        case UInt8(ascii: "/") where second == UInt8(ascii: "*"): return comment(bytes, from: start)
        case UInt8(ascii: "."):
            return digit(second) && !followsName(bytes, start) ? number(bytes, from: start) : (.punctuation, start + 1)
        case UInt8(ascii: "$"):
            if let end = endOfHeredoc(bytes, from: start) { return (.heredoc, end) }
            return wordCharacter(second) ? (.word, endOfWord(bytes, from: start)) : (.punctuation, start + 1)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return number(bytes, from: start)
        case 0x21...0x7E: return wordCharacter(first) ? (.word, endOfWord(bytes, from: start)) : (.punctuation, start + 1)
        default: return unicode(bytes, from: start)
        }
    }

    // MARK: Blanks

    private func endOfSpace(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index < count {
            switch bytes[index] {
            case 0x09...0x0D, 0x20: index += 1
            default:
                let width = unicodeSpace(bytes, at: index)
                if width == 0 { return index }
                index += width
            }
        }
        return index
    }

    /// The length of the blank at `index` that is not ASCII; 0 for none.
    private func unicodeSpace(_ bytes: [UInt8], at index: Int) -> Int {
        guard bytes[index] >= 0xC2, index + 1 < count else { return 0 }
        if bytes[index] == 0xC2 { return bytes[index + 1] == 0xA0 || bytes[index + 1] == 0x85 ? 2 : 0 }
        guard index + 2 < count else { return 0 }
        switch (bytes[index], bytes[index + 1], bytes[index + 2]) {
        case (0xE1, 0xA0, 0x8E), (0xE3, 0x80, 0x80), (0xEF, 0xBB, 0xBF): return 3
        case (0xE2, 0x80, 0x80...0x8D), (0xE2, 0x80, 0xA8), (0xE2, 0x80, 0xA9), (0xE2, 0x80, 0xAF): return 3
        case (0xE2, 0x81, 0x9F), (0xE2, 0x81, 0xA0): return 3
        default: return 0
        }
    }

    private func endOfLine(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index < count, bytes[index] != 0x0A { index += 1 }
        return index
    }

    private func comment(_ bytes: [UInt8], from start: Int) -> (SQLToken.Kind, Int) {
        var index = start + 2
        var depth = 1
        while index + 1 < count {
            if bytes[index] == UInt8(ascii: "*"), bytes[index + 1] == UInt8(ascii: "/") {
                depth -= 1
                index += 2
                if depth == 0 { return (.comment, index) }
            } else if bytes[index] == UInt8(ascii: "/"), bytes[index + 1] == UInt8(ascii: "*") {
                depth += 1
                index += 2
            } else {
                index += 1
            }
        }
        return (.invalid, count)
    }

    // MARK: Quotes

    private func quoted(_ bytes: [UInt8], from start: Int, kind: SQLToken.Kind) -> (SQLToken.Kind, Int) {
        let quote = bytes[start]
        var index = start + 1
        while index < count {
            if bytes[index] == UInt8(ascii: "\\") {
                index += 2
            } else if bytes[index] == quote {
                index += 1
                if index >= count || bytes[index] != quote { return (kind, index) }
                index += 1
            } else {
                index += 1
            }
        }
        return (.invalid, count)
    }

    private mutating func endOfHeredoc(_ bytes: [UInt8], from start: Int) -> Int? {
        var tagEnd = start + 1
        while tagEnd < count, wordCharacter(bytes[tagEnd]) { tagEnd += 1 }
        guard tagEnd < count, bytes[tagEnd] == UInt8(ascii: "$") else { return nil }
        let tag = bytes[start...tagEnd]
        let last = lastTags ?? findTags(bytes)
        lastTags = last
        guard let final = last[tag], final > tagEnd else { return nil }
        var index = tagEnd + 1
        while index <= final {
            if bytes[index] == UInt8(ascii: "$"), bytes[index..<index + tag.count] == tag { return index + tag.count }
            index += 1
        }
        return nil
    }

    /// Where each `$tag$` stands last. Without it a text of many tags that never close would be read once for each.
    private func findTags(_ bytes: [UInt8]) -> [ArraySlice<UInt8>: Int] {
        var last: [ArraySlice<UInt8>: Int] = [:]
        var dollar: Int?
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "$") {
                if let dollar { last[bytes[dollar...index]] = dollar }
                dollar = index
            } else if !wordCharacter(byte) {
                dollar = nil
            }
        }
        return last
    }

    // MARK: Words and numbers

    private func wordCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private func digit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private func endOfWord(_ bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index < count, wordCharacter(bytes[index]) || bytes[index] == UInt8(ascii: "$") { index += 1 }
        return index
    }

    /// Whether a dot at `index` is that of `a.1` or `(…).1`, which no number may swallow.
    private func followsName(_ bytes: [UInt8], _ index: Int) -> Bool {
        guard index > 0 else { return false }
        let before = bytes[index - 1]
        return wordCharacter(before) || [UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "`"), UInt8(ascii: "\"")].contains(before)
    }

    /// `1`, `1.5`, `.5`, `1e-3`, `0x1F`, `1_000`; with letters behind it is a word: `1x`, `0b2`.
    private func number(_ bytes: [UInt8], from start: Int) -> (SQLToken.Kind, Int) {
        var index = start
        let isHexadecimal = bytes[start] == 0x30 && start + 1 < count && bytes[start + 1] | 0x20 == UInt8(ascii: "x")
        while index < count, digit(bytes[index]) || bytes[index] == UInt8(ascii: "_") { index += 1 }
        if isHexadecimal { return (.number, endOfWord(bytes, from: start)) }
        var isPlain = true
        // In `a.1.2` both numbers are elements of tuples.
        let followsDot = bytes[start] != UInt8(ascii: ".") && start > 0 && bytes[start - 1] == UInt8(ascii: ".")
        if index < count, bytes[index] == UInt8(ascii: "."), !followsDot {
            isPlain = false
            index += 1
            while index < count, digit(bytes[index]) || bytes[index] == UInt8(ascii: "_") { index += 1 }
        }
        if index + 1 < count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            var exponent = index + 1
            if bytes[exponent] == UInt8(ascii: "+") || bytes[exponent] == UInt8(ascii: "-") { exponent += 1 }
            if exponent < count, digit(bytes[exponent]) {
                isPlain = false
                index = exponent
                while index < count, digit(bytes[index]) { index += 1 }
            }
        }
        guard index < count, wordCharacter(bytes[index]) else { return (.number, index) }
        return (isPlain ? .word : .invalid, endOfWord(bytes, from: index))
    }

    // MARK: Beyond ASCII

    private func unicode(_ bytes: [UInt8], from start: Int) -> (SQLToken.Kind, Int) {
        if unicodeSpace(bytes, at: start) > 0 { return (.space, endOfSpace(bytes, from: start)) }
        if start + 2 < count, bytes[start] == 0xE2, bytes[start + 1] == 0x80 {
            switch bytes[start + 2] {
            case 0x98: return typographic(bytes, from: start, closing: 0x99, kind: .string)
            case 0x9C: return typographic(bytes, from: start, closing: 0x9D, kind: .quotedName)
            default: break
            }
        }
        var end = start + 1
        while end < count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        // U+2212, the minus sign.
        let isMinus = end - start == 3 && bytes[start] == 0xE2 && bytes[start + 1] == 0x88 && bytes[start + 2] == 0x92
        return (isMinus ? .punctuation : .invalid, end)
    }

    private func typographic(_ bytes: [UInt8], from start: Int, closing: UInt8, kind: SQLToken.Kind) -> (SQLToken.Kind, Int) {
        var index = start + 3
        while index + 2 < count {
            if bytes[index] == 0xE2, bytes[index + 1] == 0x80, bytes[index + 2] == closing { return (kind, index + 3) }
            index += 1
        }
        return (.invalid, count)
    }
}
