/// Floating-point numbers. ClickHouse reads a parameter with its fast reader, which is exact for common numbers and one or two units in the
/// last place off for exponents beyond about 20 (tried on 25.8); nothing can be sent that it would read better.
enum FloatText {
    static func isSpecial(_ word: some StringProtocol) -> Bool {
        guard word.utf8.count <= 9 else { return false }
        var name = word.lowercased()[...]
        if name.hasPrefix("-") || name.hasPrefix("+") { name = name.dropFirst() }
        return name == "nan" || name == "inf" || name == "infinity"
    }

    static func check(_ text: String, _ type: DataType.FloatType) throws(ValueProblem) -> String {
        if isSpecial(text) {
            if text.utf8.last == UInt8(ascii: "n") || text.utf8.last == UInt8(ascii: "N") { return "nan" }
            return text.utf8.first == UInt8(ascii: "-") ? "-inf" : "inf"
        }
        guard let number = DecimalText(text), let value = Double(text) else {
            throw ValueProblem(text, "is not a number such as -1.5 or 2e10")
        }
        let limit: Double
        let smallest: Double
        let shown: String
        switch type {
        case .float64: (limit, smallest, shown) = (.greatestFiniteMagnitude, .leastNormalMagnitude, value.description)
        case .float32:
            let single = Float(text) ?? .infinity
            (limit, smallest, shown) = (Double(Float.greatestFiniteMagnitude), Double(Float.leastNormalMagnitude), single.description)
            guard single.isFinite else { throw ValueProblem(text, "is out of the range of this type") }
        case .bfloat16: (limit, smallest, shown) = (0x1.FEp127, Double(Float.leastNormalMagnitude), value.description)
        }
        guard value.magnitude <= limit else { throw ValueProblem(text, "is out of the range of this type") }
        if number.isZero { return "0" }
        guard value.magnitude >= smallest else { throw ValueProblem(text, "is too small for this type") }
        // The fewest digits that mean the number are what ClickHouse reads best.
        return text.utf8.count <= 15 && text.utf8.first != UInt8(ascii: "+") ? text : shown
    }
}
