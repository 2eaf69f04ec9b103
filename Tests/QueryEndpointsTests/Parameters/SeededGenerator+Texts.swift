import PipeTesting

extension SeededGenerator {
    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

    mutating func digits(_ count: Int) -> String { String((0..<count).map { _ in Character(String(below(10))) }) }

    /// A text of pieces that mean something in SQL, JSON or a literal, and of any other bytes.
    mutating func hostileText(_ pieces: [String], upTo count: Int) -> String {
        var text = ""
        for _ in 0..<below(count + 1) {
            switch below(8) {
            case 0: text += String(decoding: (0..<below(4)).map { _ in UInt8(below(256)) }, as: UTF8.self)
            case 1: text.unicodeScalars.append(Unicode.Scalar(UInt32(below(0xD7FF))) ?? "?")
            default: text += pick(pieces)
            }
        }
        return text
    }
}
