/// Rows of `JSONEachRow` built by hand: values may hold any bytes, which ClickHouse takes and a JSON library would not.
package struct JSONRows {
    package private(set) var bytes: [UInt8] = []
    private var isFirst = true

    package init() {}

    package mutating func row(_ write: (inout JSONRows) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        isFirst = true
        write(&self)
        bytes += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
    }

    package mutating func field(_ name: String, _ value: String) { field(name, Array(value.utf8)) }

    package mutating func field(_ name: String, _ value: [UInt8]) {
        key(name)
        string(value)
    }

    package mutating func field(_ name: String, _ value: Int64) {
        key(name)
        bytes += Array(String(value).utf8)
    }

    /// `value` is finite.
    package mutating func field(_ name: String, number value: Double) {
        key(name)
        bytes += Array(String(value).utf8)
    }

    package mutating func field(_ name: String, _ value: [String: String]) {
        key(name)
        bytes.append(UInt8(ascii: "{"))
        for (index, pair) in value.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            string(Array(pair.key.utf8))
            bytes.append(UInt8(ascii: ":"))
            string(Array(pair.value.utf8))
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private mutating func key(_ name: String) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        string(Array(name.utf8))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func string(_ value: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in value {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20:
                bytes += Array("\\u00".utf8)
                bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
