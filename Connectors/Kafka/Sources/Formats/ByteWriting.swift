extension [UInt8] {
    /// The number in decimal digits.
    mutating func append(decimal value: Int64) {
        var rest = value.magnitude
        if value < 0 { append(UInt8(ascii: "-")) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var first = 20
            repeat {
                first -= 1
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                digits[first] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest > 0
            append(contentsOf: UnsafeRawBufferPointer(digits)[first...])
        }
    }

    /// A varint of Protobuf (seven bits a byte, lowest first).
    mutating func append(varint value: UInt64) {
        var rest = value
        while rest > 0x7f {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }

    /// An `int` or `long` of Avro: zigzag, then a varint.
    mutating func append(zigzag value: Int64) { append(varint: UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    /// `bytes` or a `string` of Avro.
    mutating func append(avroBytes value: UnsafeRawBufferPointer) {
        append(zigzag: Int64(value.count))
        append(contentsOf: value)
    }
}
