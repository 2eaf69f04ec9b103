/// The type names without arguments and the aliases of SQL, as `system.data_type_families` of 25.8 lists them.
enum DataTypeNames {
    /// Names whose case matters.
    static let exact: [String: DataType] = [
        "String": .string, "Identifier": .identifier, "UUID": .uuid, "IPv4": .ipv4, "IPv6": .ipv6,
        "Int8": .int(8), "Int16": .int(16), "Int32": .int(32), "Int64": .int(64), "Int128": .int(128), "Int256": .int(256),
        "UInt8": .uint(8), "UInt16": .uint(16), "UInt32": .uint(32), "UInt64": .uint(64), "UInt128": .uint(128), "UInt256": .uint(256),
        "Float32": .float(.float32), "Float64": .float(.float64), "BFloat16": .float(.bfloat16),
        "Point": .point, "Ring": .array(.point), "LineString": .array(.point), "Polygon": .array(.array(.point)),
        "MultiLineString": .array(.array(.point)), "MultiPolygon": .array(.array(.array(.point))),
        "IntervalNanosecond": .int(64), "IntervalMicrosecond": .int(64), "IntervalMillisecond": .int(64), "IntervalSecond": .int(64),
        "IntervalMinute": .int(64), "IntervalHour": .int(64), "IntervalDay": .int(64), "IntervalWeek": .int(64),
        "IntervalMonth": .int(64), "IntervalQuarter": .int(64), "IntervalYear": .int(64),
    ]

    /// Names that any case will do for, in capitals.
    static let folded: [String: DataType] = {
        var names: [String: DataType] = [
            "JSON": .json, "BOOL": .bool, "BOOLEAN": .bool, "DATE": .date, "DATE32": .date32, "DATETIME": .dateTime(zone: nil),
            "DATETIME32": .dateTime(zone: nil), "TIMESTAMP": .dateTime(zone: nil), "DATETIME64": .dateTime64(precision: 3, zone: nil),
            "TIME": .time, "TIME64": .time64(precision: 3), "DECIMAL": .decimal(precision: 10, scale: 0), "INET4": .ipv4, "INET6": .ipv6,
            "YEAR": .uint(16), "BIT": .uint(64), "SET": .uint(64), "UNSIGNED": .uint(64), "SIGNED": .int(64), "BYTE": .int(8),
        ]
        for name in ["DEC", "FIXED", "NUMERIC"] { names[name] = .decimal(precision: 10, scale: 0) }
        for name in ["FLOAT", "REAL", "SINGLE"] { names[name] = .float(.float32) }
        for name in ["DOUBLE", "DOUBLE PRECISION"] { names[name] = .float(.float64) }
        let integers = [
            (["TINYINT", "INT1"], 8), (["SMALLINT"], 16), (["INT", "INTEGER", "MEDIUMINT"], 32), (["BIGINT"], 64),
        ]
        for (aliases, bits) in integers {
            for name in aliases {
                names[name] = .int(bits)
                names[name + " SIGNED"] = .int(bits)
                names[name + " UNSIGNED"] = .uint(bits)
            }
        }
        let texts = [
            "BINARY LARGE OBJECT", "BINARY VARYING", "BLOB", "BYTEA", "CHAR", "CHAR LARGE OBJECT", "CHAR VARYING", "CHARACTER",
            "CHARACTER LARGE OBJECT", "CHARACTER VARYING", "CLOB", "LONGBLOB", "LONGTEXT", "MEDIUMBLOB", "MEDIUMTEXT", "NATIONAL CHAR",
            "NATIONAL CHAR VARYING", "NATIONAL CHARACTER", "NATIONAL CHARACTER LARGE OBJECT", "NATIONAL CHARACTER VARYING", "NCHAR",
            "NCHAR LARGE OBJECT", "NCHAR VARYING", "NVARCHAR", "TEXT", "TINYBLOB", "TINYTEXT", "VARBINARY", "VARCHAR", "VARCHAR2",
        ]
        for name in texts { names[name] = .string }
        return names
    }()

    static func type(named name: String) -> DataType? { exact[name] ?? folded[name.uppercased()] }
}
