/// A row of `pg_type`, as far as values depend on it.
package struct PostgresType: Hashable, Sendable {
    package var oid: UInt32
    package var name: String
    package var schema: String
    /// `typtype`: `b`ase, `c`omposite, `d`omain, `e`num, `r`ange, `m`ultirange, `p`seudo.
    package var kind: Character
    /// `typcategory`; `A` is a true array.
    package var category: Character
    package var element: UInt32
    /// Of a domain: what it is made of, the modifier and the dimensions it fixes.
    package var base: UInt32
    package var baseModifier: Int32
    package var baseDimensions: Int
    package var delimiter: UInt8

    package init(
        oid: UInt32, name: String, schema: String, kind: Character, category: Character, element: UInt32 = 0, base: UInt32 = 0,
        baseModifier: Int32 = -1, baseDimensions: Int = 0, delimiter: UInt8 = UInt8(ascii: ",")
    ) {
        self.oid = oid
        self.name = name
        self.schema = schema
        self.kind = kind
        self.category = category
        self.element = element
        self.base = base
        self.baseModifier = baseModifier
        self.baseDimensions = baseDimensions
        self.delimiter = delimiter
    }
}

/// The types of a database that a pipe meets.
package struct TypeCatalog: Hashable, Sendable {
    package private(set) var types: [UInt32: PostgresType] = [:]

    package init() {}

    package init(_ types: [PostgresType]) { for type in types { self.types[type.oid] = type } }

    package mutating func merge(_ other: TypeCatalog) { types.merge(other.types) { _, new in new } }

    /// The types with these oids and those they are made of.
    package static func load(_ oids: Set<UInt32>, on connection: PostgresConnection) async throws -> TypeCatalog {
        guard !oids.isEmpty else { return TypeCatalog() }
        let rows = try await connection.query(
            """
            WITH RECURSIVE wanted(oid) AS (
              SELECT unnest($1::oid[])
              UNION
              SELECT CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END
              FROM pg_catalog.pg_type t JOIN wanted USING (oid)
              WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typcategory = 'A'))
            SELECT t.oid, t.typname, n.nspname, t.typtype, t.typcategory, t.typelem, t.typbasetype, t.typtypmod, t.typndims, t.typdelim
            FROM pg_catalog.pg_type t JOIN wanted USING (oid) JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
            """, ["{\(oids.map(String.init).joined(separator: ","))}"])
        return TypeCatalog(
            rows.rows.map { row in
                func number<Value: FixedWidthInteger>(_ index: Int) -> Value { row[index].flatMap { Value($0) } ?? 0 }
                return PostgresType(
                    oid: number(0), name: row[1] ?? "", schema: row[2] ?? "", kind: row[3]?.first ?? "b", category: row[4]?.first ?? "U",
                    element: number(5), base: number(6), baseModifier: number(7), baseDimensions: number(8),
                    delimiter: row[9]?.utf8.first ?? UInt8(ascii: ","))
            })
    }

    /// How values of a column are decoded. A type that is not known is taken as text.
    /// - Parameters:
    ///   - dimensions: as declared; a value may have others.
    ///   - keepsNulls: NULLs within arrays stay NULL.
    package func codec(_ oid: UInt32, modifier: Int32, dimensions: Int = 0, keepsNulls: Bool = false) -> PostgresCodec {
        guard let type = types[oid] else { return .text(isSame: false) }
        if type.kind == "d" {
            return codec(
                type.base, modifier: type.baseModifier == -1 ? modifier : type.baseModifier,
                dimensions: max(dimensions, type.baseDimensions), keepsNulls: keepsNulls)
        }
        if type.kind == "e" { return .enumeration }
        if type.category == "A", type.element != 0 { return array(type, modifier, dimensions, keepsNulls) }
        return type.schema == "pg_catalog" ? Self.builtIn(type.name, modifier) : Self.extensionType(type)
    }

    private func array(_ type: PostgresType, _ modifier: Int32, _ dimensions: Int, _ keepsNulls: Bool) -> PostgresCodec {
        // The vectors of the system catalog are no arrays as text.
        if type.schema == "pg_catalog", type.name == "int2vector" || type.name == "oidvector" { return .text(isSame: false) }
        let delimiter = types[type.element]?.delimiter ?? UInt8(ascii: ",")
        let element = codec(type.element, modifier: modifier, keepsNulls: keepsNulls)
        if let json = types[type.element], json.schema == "pg_catalog", json.name == "json" || json.name == "jsonb" {
            return .jsonArray(element, delimiter: delimiter)
        }
        return .array(element, depth: min(max(1, dimensions), 6), delimiter: delimiter, keepsNulls: keepsNulls)
    }

    private static func builtIn(_ name: String, _ modifier: Int32) -> PostgresCodec {
        switch name {
        case "bool": .bool
        case "int2": .int16
        case "int4": .int32
        case "int8": .int64
        case "float4": .float32
        case "float8": .float64
        case "numeric": numeric(modifier)
        case "char": .character
        case "text", "varchar", "bpchar", "name", "json": .text(isSame: true)
        case "jsonb": .jsonb
        case "bytea": .bytes
        case "uuid": .uuid
        case "date": .date
        case "timestamp": .timestamp
        case "timestamptz": .timestampWithZone
        case "time": .time
        case "timetz": .timeWithZone
        case "interval": .interval
        case "point": .point
        default: .text(isSame: false)
        }
    }

    /// Extensions may live in any schema, and their types have no fixed oids.
    private static func extensionType(_ type: PostgresType) -> PostgresCodec {
        switch (type.name, type.kind) {
        case ("citext", "b"): .text(isSame: true)
        case ("hstore", "b"): .hstore
        case ("vector", "b"), ("halfvec", "b"): .vector(isSparse: false)
        case ("sparsevec", "b"): .vector(isSparse: true)
        default: .text(isSame: false)
        }
    }

    /// `numeric` without a precision takes 38 digits on either side of the point; what ClickHouse's Decimal cannot hold stays text.
    private static func numeric(_ modifier: Int32) -> PostgresCodec {
        guard modifier >= 4 else { return .decimal(DecimalShape(precision: 76, scale: 38)) }
        let packed = modifier - 4
        let precision = Int(packed >> 16) & 0xffff
        // Since Postgres 15 a scale may be negative or larger than the precision.
        let scale = ((Int(packed) & 0x7ff) ^ 1024) - 1024
        let digits = scale < 0 ? precision - scale : max(precision, scale)
        return digits > 76 ? .text(isSame: false) : .decimal(DecimalShape(precision: digits, scale: max(0, scale)))
    }
}
