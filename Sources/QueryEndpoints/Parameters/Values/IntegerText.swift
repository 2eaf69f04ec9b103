/// Whole numbers of any width as decimal text.
enum IntegerText {
    /// The same number without sign `+` and leading zeros. Throws for anything but digits and for numbers out of range.
    static func check(_ text: String, _ type: DataType.IntegerType) throws(ValueProblem) -> String {
        var digits = text.utf8[...]
        var isNegative = false
        if let first = digits.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
            isNegative = first == UInt8(ascii: "-")
            digits.removeFirst()
        }
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw ValueProblem(text, "is not a whole number: digits only, without blanks, point or exponent")
        }
        while digits.count > 1, digits.first == 0x30 { digits.removeFirst() }
        let isZero = digits.first == 0x30
        if isZero { isNegative = false }
        let (lowest, highest) = limits(type)
        let isInRange: Bool
        if isNegative {
            isInRange = type.isSigned && isAtMost(digits, lowest.utf8.dropFirst())
        } else {
            isInRange = isAtMost(digits, highest.utf8[...])
        }
        guard isInRange else { throw ValueProblem(text, "is out of range, \(lowest) to \(highest)") }
        if digits.count == text.utf8.count { return text }
        return (isNegative ? "-" : "") + (String(digits) ?? "0")
    }

    private static func isAtMost(_ digits: Substring.UTF8View, _ limit: Substring.UTF8View) -> Bool {
        let count = digits.count
        let limitCount = limit.count
        return count == limitCount ? !limit.lexicographicallyPrecedes(digits) : count < limitCount
    }

    private static func limits(_ type: DataType.IntegerType) -> (lowest: String, highest: String) {
        switch (type.bits, type.isSigned) {
        case (8, false): ("0", "255")
        case (16, false): ("0", "65535")
        case (32, false): ("0", "4294967295")
        case (64, false): ("0", "18446744073709551615")
        case (128, false): ("0", "340282366920938463463374607431768211455")
        case (_, false): ("0", "115792089237316195423570985008687907853269984665640564039457584007913129639935")
        case (8, true): ("-128", "127")
        case (16, true): ("-32768", "32767")
        case (32, true): ("-2147483648", "2147483647")
        case (64, true): ("-9223372036854775808", "9223372036854775807")
        case (128, true): ("-170141183460469231731687303715884105728", "170141183460469231731687303715884105727")
        case (_, true):
            (
                "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
                "57896044618658097711785492504343953926634992332820282019728792003956564819967"
            )
        }
    }
}
