/// How values of a Postgres type become RowBinary of a ClickHouse type. The two wire forms of a value give the same bytes.
package indirect enum PostgresCodec: Hashable, Sendable {
    case bool, int16, int32, int64, float32, float64
    case decimal(DecimalShape)
    /// `"char"`
    case character
    /// The text Postgres writes. `isSame`: what is sent in binary is that text.
    case text(isSame: Bool)
    case enumeration
    /// The text behind a version byte, in binary.
    case jsonb
    case bytes, uuid, date, timestamp, timestampWithZone, time, timeWithZone, interval, point, hstore
    /// pgvector: `[1,2]`, or sparse `{1:1,3:2}/5`.
    case vector(isSparse: Bool)
    /// `depth` is the declared number of dimensions.
    case array(PostgresCodec, depth: Int, delimiter: UInt8, keepsNulls: Bool)
    /// An array of JSON documents as one JSON array.
    case jsonArray(PostgresCodec, delimiter: UInt8)
    /// A value of a narrower type, sent before the column was widened.
    case widened(PostgresCodec, to: PostgresCodec)

    package var clickHouseType: String {
        switch self {
        case .bool: "Bool"
        case .int16: "Int16"
        case .int32: "Int32"
        case .int64: "Int64"
        case .float32: "Float32"
        case .float64: "Float64"
        case .decimal(let shape): "Decimal(\(shape.precision), \(shape.scale))"
        case .character: "FixedString(1)"
        case .text, .jsonb, .bytes, .interval, .point, .hstore, .jsonArray: "String"
        case .enumeration: "LowCardinality(String)"
        case .uuid: "UUID"
        case .date: "Date32"
        case .timestamp, .timestampWithZone, .time, .timeWithZone: "DateTime64(6)"
        case .vector: "Array(Float32)"
        case .widened(_, let target): target.clickHouseType
        case .array(let element, let depth, _, let keepsNulls):
            (0..<depth).reduce(keepsNulls ? element.nullableType : element.clickHouseType) { type, _ in "Array(\(type))" }
        }
    }

    /// The type with NULLs; an array cannot have them and stays as it is.
    package var nullableType: String {
        switch self {
        case .array, .vector: clickHouseType
        case .enumeration: "LowCardinality(Nullable(String))"
        default: "Nullable(\(clickHouseType))"
        }
    }

    package var canBeNullable: Bool { nullableType != clickHouseType }

    /// Whether the binary form is understood; otherwise values are asked for as text.
    package var readsBinary: Bool {
        switch self {
        case .text(let isSame): isSame
        case .hstore, .vector: false
        case .array(let element, _, _, _), .jsonArray(let element, _): element.readsBinary
        case .widened(let source, _): source.readsBinary
        default: true
        }
    }

    /// What stands for NULL in a column without NULLs: ClickHouse's own default of the type.
    package func appendDefault(to bytes: inout [UInt8]) {
        switch self {
        case .bool, .character: bytes.append(0)
        case .int16: bytes.appendLittle(Int16(0))
        case .int32, .float32: bytes.appendLittle(Int32(0))
        case .date: bytes.appendLittle(Int32(Calendar.firstDay))
        case .int64, .float64, .timestamp, .timestampWithZone, .time, .timeWithZone: bytes.appendLittle(Int64(0))
        case .decimal(let shape): bytes.append(contentsOf: repeatElement(0, count: shape.width))
        case .uuid: bytes.append(contentsOf: repeatElement(0, count: 16))
        case .widened(_, let target): target.appendDefault(to: &bytes)
        case .text, .enumeration, .jsonb, .bytes, .interval, .point, .hstore, .jsonArray, .vector, .array: bytes.append(0)
        }
    }
}
