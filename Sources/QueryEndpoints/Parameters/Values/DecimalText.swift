/// A decimal number as digits and exponent.
struct DecimalText {
    var isNegative = false
    /// Significant digits without zeros at either end; empty for zero.
    var digits: [UInt8] = []
    /// How many of the digits stand before the decimal point; negative for `0.00…`.
    var pointPosition = 0

    var isZero: Bool { digits.isEmpty }

    /// Reads `1`, `-1.50`, `.5`, `5.`, `1e-3`; nil for anything else and for exponents beyond ±9999.
    init?(_ text: String) {
        var bytes = text.utf8[...]
        if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            bytes.removeFirst()
        }
        var hasPoint = false
        var hasDigits = false
        while let byte = bytes.first, byte | 0x20 != UInt8(ascii: "e") {
            bytes.removeFirst()
            if byte == UInt8(ascii: "."), !hasPoint {
                hasPoint = true
            } else if (0x30...0x39).contains(byte) {
                hasDigits = true
                if digits.isEmpty, byte == 0x30 {
                    if hasPoint { pointPosition -= 1 }
                } else {
                    digits.append(byte)
                    if !hasPoint { pointPosition += 1 }
                }
            } else {
                return nil
            }
        }
        guard hasDigits else { return nil }
        if !bytes.isEmpty {
            bytes.removeFirst()
            var isNegative = false
            if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
                isNegative = sign == UInt8(ascii: "-")
                bytes.removeFirst()
            }
            guard !bytes.isEmpty else { return nil }
            var exponent = 0
            for byte in bytes {
                guard (0x30...0x39).contains(byte) else { return nil }
                exponent = exponent * 10 + Int(byte - 0x30)
                guard exponent <= 9999 else { return nil }
            }
            pointPosition += isNegative ? -exponent : exponent
        }
        while digits.last == 0x30 { digits.removeLast() }
        if digits.isEmpty { (pointPosition, isNegative) = (0, false) }
    }

    /// Digits behind the decimal point.
    var scale: Int { isZero ? 0 : max(0, digits.count - pointPosition) }

    /// The number without exponent.
    var plain: String {
        guard !isZero else { return "0" }
        var text: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
        if pointPosition <= 0 {
            text.append(0x30)
        } else {
            text += digits.prefix(pointPosition)
            text += repeatElement(0x30, count: max(0, pointPosition - digits.count))
        }
        if scale > 0 {
            text.append(UInt8(ascii: "."))
            text += repeatElement(0x30, count: max(0, -pointPosition))
            text += digits.dropFirst(max(0, pointPosition))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The text of a Decimal. Throws rather than round.
    static func check(_ text: String, precision: Int, scale: Int) throws(ValueProblem) -> String {
        guard let number = DecimalText(text) else { throw ValueProblem(text, "is not a decimal number such as -12.50") }
        guard number.pointPosition <= precision - scale else {
            throw ValueProblem(text, "has more than \(precision - scale) digits before the decimal point")
        }
        guard number.scale <= scale else { throw ValueProblem(text, "has more than \(scale) digits behind the decimal point") }
        return number.plain
    }
}
