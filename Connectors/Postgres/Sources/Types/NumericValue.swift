/// The integer behind a ClickHouse Decimal, 256 bits: 76 digits fit.
struct WideInteger: Hashable {
    /// Least significant first; the magnitude.
    private var limbs: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private(set) var isTooLarge = false

    static func == (left: WideInteger, right: WideInteger) -> Bool { left.limbs == right.limbs && left.isTooLarge == right.isTooLarge }
    func hash(into hasher: inout Hasher) { hasher.combine(limbs.0) }

    mutating func multiply(by factor: UInt64, adding summand: UInt64) {
        var carry = summand
        func step(_ limb: inout UInt64) {
            let (high, low) = limb.multipliedFullWidth(by: factor)
            let (sum, overflow) = low.addingReportingOverflow(carry)
            limb = sum
            carry = high &+ (overflow ? 1 : 0)
        }
        step(&limbs.0)
        if carry == 0, limbs.1 | limbs.2 | limbs.3 == 0 { return }
        step(&limbs.1)
        step(&limbs.2)
        step(&limbs.3)
        if carry != 0 { isTooLarge = true }
    }

    /// Two's complement, little-endian, the first `width` bytes.
    func append(width: Int, isNegative: Bool, to bytes: inout [UInt8]) {
        var words = [limbs.0, limbs.1, limbs.2, limbs.3]
        if isNegative {
            var carry = true
            for index in words.indices {
                words[index] = ~words[index]
                if carry { (words[index], carry) = words[index].addingReportingOverflow(1) }
            }
        }
        if width == 4 { return bytes.appendLittle(UInt32(truncatingIfNeeded: words[0])) }
        for word in words.prefix(width / 8) { bytes.appendLittle(word) }
    }
}

/// A ClickHouse Decimal and how numbers get into it.
package struct DecimalShape: Hashable, Sendable {
    package var precision: Int
    package var scale: Int

    package init(precision: Int, scale: Int) {
        self.precision = precision
        self.scale = scale
    }

    /// Bytes of one value.
    var width: Int { precision <= 9 ? 4 : precision <= 18 ? 8 : precision <= 38 ? 16 : 32 }

    /// Collects digits, most significant first.
    struct Digits {
        private let shape: DecimalShape
        private var value = WideInteger()
        private var significant = 0
        private var fraction = 0
        private(set) var overflows = false
        var isNegative = false

        init(_ shape: DecimalShape) { self.shape = shape }

        /// What lies behind the scale is cut off.
        mutating func push(_ digit: UInt8, isFraction: Bool) {
            if isFraction {
                if fraction == shape.scale { return }
                fraction += 1
            }
            if significant > 0 || digit != 0 { significant += 1 }
            if significant > shape.precision { overflows = true } else { value.multiply(by: 10, adding: UInt64(digit)) }
        }

        /// Four whole digits at once.
        mutating func pushFour(_ digits: UInt16) {
            if significant > 0 {
                significant += 4
            } else if digits > 0 {
                significant = digits > 999 ? 4 : digits > 99 ? 3 : digits > 9 ? 2 : 1
            }
            if significant > shape.precision { overflows = true } else { value.multiply(by: 10_000, adding: UInt64(digits)) }
        }

        /// False when the number does not fit; then nothing is written.
        mutating func finish(into bytes: inout [UInt8]) -> Bool {
            while fraction < shape.scale { push(0, isFraction: true) }
            if overflows { return false }
            value.append(width: shape.width, isNegative: isNegative, to: &bytes)
            return true
        }
    }

    /// The binary form of `numeric`: digits of base 10000. False for NaN, the infinities and what does not fit.
    func encode(binary: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(WireError) -> Bool {
        var reader = WireReader(binary)
        let count = Int(try reader.integer(Int16.self))
        var weight = Int(try reader.integer(Int16.self))
        let sign = try reader.integer(UInt16.self)
        _ = try reader.integer(Int16.self)
        guard sign == 0 || sign == 0x4000 else {
            guard [0xc000, 0xd000, 0xf000].contains(sign) else { throw WireError("is not a number") }
            return false
        }
        guard count >= 0, count * 2 <= reader.left else { throw WireError("ends too early") }
        var digits = Digits(self)
        digits.isNegative = sign == 0x4000
        var taken = 0
        // Digits before the point, those that are not sent being zero.
        while weight >= 0, !digits.overflows {
            let group = taken < count ? try reader.integer(UInt16.self) : 0
            guard group < 10_000 else { throw WireError("is not a number") }
            taken += 1
            weight -= 1
            digits.pushFour(group)
        }
        if digits.overflows { return false }
        // A negative weight: groups of zeros follow the point.
        var zeros = min(4 * max(0, -1 - weight), scale)
        while zeros > 0 {
            digits.push(0, isFraction: true)
            zeros -= 1
        }
        while taken < count {
            var group = try reader.integer(UInt16.self)
            guard group < 10_000 else { throw WireError("is not a number") }
            taken += 1
            for unit: UInt16 in [1000, 100, 10, 1] {
                digits.push(UInt8(group / unit), isFraction: true)
                group %= unit
            }
        }
        return digits.finish(into: &bytes)
    }

    /// The text form: `-123.45`, `NaN`, `Infinity`.
    func encode(text: UnsafeRawBufferPointer, into bytes: inout [UInt8]) throws(WireError) -> Bool {
        var digits = Digits(self)
        var isFraction = false
        var rest = text[...]
        if rest.first == UInt8(ascii: "-") {
            digits.isNegative = true
            rest.removeFirst()
        }
        if let first = rest.first, first == UInt8(ascii: "N") || first == UInt8(ascii: "I") { return false }
        guard !rest.isEmpty else { throw WireError("is not a number") }
        for byte in rest {
            switch byte {
            case UInt8(ascii: ".") where !isFraction: isFraction = true
            case 0x30...0x39: digits.push(byte - 0x30, isFraction: isFraction)
            default: throw WireError("is not a number")
            }
        }
        return digits.finish(into: &bytes)
    }
}
