/// A ClickHouse type as far as checking a value needs it; aliases (`INT`, `TEXT`, `DOUBLE PRECISION`) are resolved.
package indirect enum DataType: Hashable, Sendable {
    case string
    /// Length in bytes.
    case fixedString(Int)
    case identifier
    case integer(IntegerType)
    case float(FloatType)
    case decimal(precision: Int, scale: Int)
    case bool
    case uuid
    case ipv4
    case ipv6
    case date
    case date32
    /// Without a zone: that of the server.
    case dateTime(zone: String?)
    /// Digits after the decimal point, 0 to 9.
    case dateTime64(precision: Int, zone: String?)
    case time
    case time64(precision: Int)
    case enumeration([EnumElement])
    case array(DataType)
    case tuple([TupleElement])
    case map(DataType, DataType)
    case nullable(DataType)
    case lowCardinality(DataType)
    /// A JSON object.
    case json
    /// A type that is not checked here (Dynamic, Variant, those of newer servers): values are passed on as text. Holds its canonical text.
    case other(String)

    package struct IntegerType: Hashable, Sendable {
        /// 8, 16, 32, 64, 128 or 256.
        package var bits: Int
        package var isSigned: Bool
    }

    package enum FloatType: Hashable, Sendable {
        case float32, float64, bfloat16
    }

    package struct EnumElement: Hashable, Sendable {
        package var name: String
        package var value: Int
    }

    package struct TupleElement: Hashable, Sendable {
        package var name: String?
        package var type: DataType
    }
}

extension DataType {
    static func int(_ bits: Int) -> DataType { .integer(IntegerType(bits: bits, isSigned: true)) }
    static func uint(_ bits: Int) -> DataType { .integer(IntegerType(bits: bits, isSigned: false)) }

    static let point: DataType = .tuple([
        TupleElement(name: nil, type: .float(.float64)), TupleElement(name: nil, type: .float(.float64)),
    ])

    /// Whether the value may be NULL.
    var isNullable: Bool {
        switch self {
        case .nullable: true
        case .lowCardinality(let inner): inner.isNullable
        case .other: true
        default: false
        }
    }

    /// The type without Nullable and LowCardinality around it.
    var unwrapped: DataType {
        switch self {
        case .nullable(let inner), .lowCardinality(let inner): inner.unwrapped
        default: self
        }
    }
}
