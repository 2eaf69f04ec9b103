/// Makes messages as a server does.
struct PgOutputBytes {
    var bytes: [UInt8] = []

    init(_ kind: Unicode.Scalar? = nil) { if let kind { bytes.append(UInt8(ascii: kind)) } }

    func integer(_ value: some FixedWidthInteger) -> PgOutputBytes {
        var copy = self
        withUnsafeBytes(of: value.bigEndian) { copy.bytes.append(contentsOf: $0) }
        return copy
    }

    func text(_ value: String) -> PgOutputBytes {
        var copy = self
        copy.bytes.append(contentsOf: Array(value.utf8) + [0])
        return copy
    }

    func letter(_ value: Unicode.Scalar) -> PgOutputBytes { integer(UInt8(ascii: value)) }

    /// `nil`: NULL; `unchanged`: an unchanged large value.
    enum Value {
        case null, unchanged
        case text(String)
        case binary([UInt8])
    }

    func tuple(_ values: [Value]) -> PgOutputBytes {
        values.reduce(integer(UInt16(values.count))) { bytes, value in
            switch value {
            case .null: bytes.letter("n")
            case .unchanged: bytes.letter("u")
            case .text(let text): bytes.letter("t").blob(Array(text.utf8))
            case .binary(let value): bytes.letter("b").blob(value)
            }
        }
    }

    func blob(_ value: [UInt8]) -> PgOutputBytes {
        var copy = integer(Int32(value.count))
        copy.bytes += value
        return copy
    }

    static func relation(_ id: UInt32, _ name: String, _ columns: [(String, UInt32, Bool)], transaction: UInt32? = nil) -> PgOutputBytes {
        var bytes = PgOutputBytes("R")
        if let transaction { bytes = bytes.integer(transaction) }
        bytes = bytes.integer(id).text("public").text(name).letter("d").integer(UInt16(columns.count))
        for (name, type, isKey) in columns {
            bytes = bytes.integer(UInt8(isKey ? 1 : 0)).text(name).integer(type).integer(Int32(-1))
        }
        return bytes
    }

    static func begin(_ commit: UInt64) -> PgOutputBytes { PgOutputBytes("B").integer(commit).integer(Int64(0)).integer(UInt32(7)) }
    static func commit(_ end: UInt64) -> PgOutputBytes {
        PgOutputBytes("C").integer(UInt8(0)).integer(end - 8).integer(end).integer(Int64(0))
    }
}
