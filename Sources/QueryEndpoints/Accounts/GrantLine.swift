/// A line of SHOW GRANTS, as far as it matters here. No I/O.
package enum GrantLine: Hashable, Sendable {
    /// `GRANT a, b TO user`
    case roles([String])
    /// `GRANT SELECT ON db.* TO user`: a right that no choice of roles takes away. The text up to `TO`.
    case right(String)
    /// A partial revoke, which gives nothing.
    case revoke

    /// Every line of an answer in format TSVRaw.
    package static func lines(_ text: String) -> [GrantLine] { text.split(separator: "\n").compactMap(GrantLine.init) }

    package init?(_ line: some StringProtocol) {
        let words = Self.words(line)
        guard let first = words.first, !first.isQuoted else { return nil }
        if first.text == "REVOKE" {
            self = .revoke
            return
        }
        guard first.text == "GRANT", let end = words.lastIndex(where: { !$0.isQuoted && $0.text == "TO" }) else { return nil }
        let granted = words[1..<end]
        if granted.contains(where: { !$0.isQuoted && $0.text == "ON" }) {
            self = .right(granted.map(\.text).joined(separator: " "))
        } else {
            self = .roles(granted.filter { $0.isQuoted || $0.text != "," }.map(\.text))
        }
    }

    private struct Word {
        var text: String
        var isQuoted: Bool
    }

    /// Splits at blanks and commas outside backticks; a comma is a word.
    private static func words(_ line: some StringProtocol) -> [Word] {
        var words: [Word] = []
        var word = Word(text: "", isQuoted: false)
        var isInside = false
        var isEscaped = false
        func end() {
            if !word.text.isEmpty || word.isQuoted { words.append(word) }
            word = Word(text: "", isQuoted: false)
        }
        for character in line {
            if isInside {
                if isEscaped {
                    word.text.append(character)
                    isEscaped = false
                } else if character == "\\" {
                    isEscaped = true
                } else if character == "`" {
                    isInside = false
                } else {
                    word.text.append(character)
                }
            } else if character == "`" {
                isInside = true
                word.isQuoted = true
            } else if character == " " {
                end()
            } else if character == "," {
                end()
                words.append(Word(text: ",", isQuoted: false))
            } else {
                word.text.append(character)
            }
        }
        end()
        return words
    }
}
