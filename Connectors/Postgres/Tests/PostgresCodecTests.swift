import PipeTesting
import PostgresConnector
import Testing

struct PostgresCodecTests {
    private func encode(_ codec: PostgresCodec, text: String) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        let isThere = try Array(text.utf8).withUnsafeBytes { wire in
            Result { () throws(WireError) in try codec.encode(text: wire, into: &bytes) }
        }.get()
        return isThere ? bytes : nil
    }

    private func encode(_ codec: PostgresCodec, binary: [UInt8]) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        let isThere = try binary.withUnsafeBytes { wire in
            Result { () throws(WireError) in try codec.encode(binary: wire, into: &bytes) }
        }.get()
        return isThere ? bytes : nil
    }

    private func big(_ value: some FixedWidthInteger) -> [UInt8] { PgOutputBytes().integer(value).bytes }
    private func little(_ value: some FixedWidthInteger) -> [UInt8] { big(value).reversed() }

    @Test func bothFormsOfAValueGiveTheSameBytes() throws {
        let cases: [(PostgresCodec, String, [UInt8])] = [
            (.bool, "t", [1]), (.int16, "-2", big(Int16(-2))), (.int32, "2147483647", big(Int32.max)),
            (.int64, "-9223372036854775808", big(Int64.min)),
            (.float64, "NaN", big(Double.nan.bitPattern)), (.float64, "-Infinity", big((-Double.infinity).bitPattern)),
            (.float64, "0.1", big((0.1).bitPattern)), (.float32, "1e+20", big(Float(1e20).bitPattern)),
            (.date, "2024-02-29", big(Int32(8825))), (.date, "infinity", big(Int32.max)), (.date, "0044-03-15 BC", big(Int32(-746_388))),
            (.timestamp, "2000-01-01 00:00:00.000001", big(Int64(1))), (.timestamp, "-infinity", big(Int64.min)),
            (.timestampWithZone, "1999-12-31 23:59:59+00", big(Int64(-1_000_000))),
            (.time, "24:00:00", big(Int64(86_400_000_000))),
            (.timeWithZone, "03:04:05+02", big(Int64(11_045_000_000)) + big(Int32(-7200))),
            (.uuid, "00112233-4455-6677-8899-aabbccddeeff", (0..<16).map { UInt8($0 * 17) }),
            (.bytes, "\\x00ff10", [0, 255, 16]),
            (.jsonb, "{\"a\": 12345678901234567890}", [1] + Array("{\"a\": 12345678901234567890}".utf8)),
            (.interval, "P1Y2M-3DT4H5M-6.7S", big(Int64(14_693_300_000)) + big(Int32(-3)) + big(Int32(14))),
            (.point, "(1,-2.5)", big((1.0).bitPattern) + big((-2.5).bitPattern)),
            (
                .decimal(DecimalShape(precision: 10, scale: 2)), "-123.45",
                big(Int16(2)) + big(Int16(0)) + big(UInt16(0x4000)) + big(Int16(2)) + big(Int16(123)) + big(Int16(4500))
            ),
            (
                .decimal(DecimalShape(precision: 76, scale: 38)), "0.00001",
                big(Int16(1)) + big(Int16(-2)) + big(UInt16(0)) + big(Int16(5)) + big(Int16(1000))
            ),
            (
                .decimal(DecimalShape(precision: 20, scale: 0)), "100000000",
                big(Int16(1)) + big(Int16(2)) + big(UInt16(0)) + big(Int16(0)) + big(Int16(1))
            ),
        ]
        for (codec, text, binary) in cases {
            let fromText = try encode(codec, text: text)
            #expect(fromText != nil, "\(text)")
            #expect(fromText == (try encode(codec, binary: binary)), "\(codec) \(text)")
        }
    }

    @Test func valuesBecomeRowBinary() throws {
        #expect(try encode(.date, text: "1970-01-02") == little(Int32(1)))
        #expect(try encode(.date, text: "9999-12-31") == little(Int32(120_529)))
        #expect(try encode(.timestamp, text: "9999-12-31 12:00:00") == little(Int64(120_529) * 86_400_000_000 + 43_200_000_000))
        #expect(try encode(.decimal(DecimalShape(precision: 9, scale: 2)), text: "-0.01") == little(Int32(-1)))
        #expect(
            try encode(.decimal(DecimalShape(precision: 38, scale: 0)), text: "18446744073709551616") == little(UInt64(0))
                + little(UInt64(1)))
        #expect(try encode(.interval, text: "PT1H0.5S") == [UInt8(38)] + Array("{\"hours\":1,\"seconds\":0.5,\"valid\":true}".utf8))
        #expect(try encode(.point, text: "(1,2.1234567)") == [UInt8(25)] + Array("POINT(1.000000 2.1234567)".utf8))
        #expect(try encode(.hstore, text: "\"a\"=>\"1\", \"b\\\"\"=>NULL") == [UInt8(20)] + Array("{\"a\":\"1\",\"b\\\"\":null}".utf8))
        #expect(
            try encode(.vector(isSparse: true), text: "{1:1,3:2}/3") == [3] + little(Float(1).bitPattern) + little(UInt32(0))
                + little(Float(2).bitPattern))
    }

    @Test func whatHasNoCounterpartIsLeftOut() throws {
        let shape = PostgresCodec.decimal(DecimalShape(precision: 4, scale: 2))
        for text in ["NaN", "Infinity", "-Infinity", "100"] { #expect(try encode(shape, text: text) == nil, "\(text)") }
        #expect(try encode(shape, text: "99.999") == little(Int32(9999)))
    }

    @Test func arraysHaveTheDeclaredDimensions() throws {
        func array(_ depth: Int, keepsNulls: Bool = false) -> PostgresCodec {
            .array(.int16, depth: depth, delimiter: UInt8(ascii: ","), keepsNulls: keepsNulls)
        }
        #expect(try encode(array(1), text: "{}") == [0])
        #expect(try encode(array(1), text: "{1,NULL}") == [2, 1, 0, 0, 0])
        #expect(try encode(array(1, keepsNulls: true), text: "{1,NULL}") == [2, 0, 1, 0, 1])
        #expect(try encode(array(2), text: "[0:1][1:2]={{1,2},{3,4}}") == [2, 2, 1, 0, 2, 0, 2, 3, 0, 4, 0])
        #expect(try encode(array(1), text: "{{1,2},{3,4}}") == [4, 1, 0, 2, 0, 3, 0, 4, 0])
        #expect(try encode(array(2), text: "{7}") == [1, 1, 7, 0])
        #expect(array(2).clickHouseType == "Array(Array(Int16))")
        let texts = PostgresCodec.array(.text(isSame: true), depth: 1, delimiter: UInt8(ascii: ","), keepsNulls: false)
        #expect(
            try encode(texts, text: "{\"a,\\\"b\\\\\",NULL,\"NULL\"}") == [3, 5] + Array("a,\"b\\".utf8) + [0, 4] + Array("NULL".utf8))
    }

    @Test func arraysInBinaryGiveTheSame() throws {
        func element(_ value: Int16?) -> [UInt8] { value.map { big(Int32(2)) + big($0) } ?? big(Int32(-1)) }
        let head = big(Int32(2)) + big(Int32(1)) + big(UInt32(21)) + big(Int32(2)) + big(Int32(1)) + big(Int32(2)) + big(Int32(1))
        let codec = PostgresCodec.array(.int16, depth: 2, delimiter: UInt8(ascii: ","), keepsNulls: true)
        let binary = try encode(codec, binary: head + element(1) + element(nil) + element(3) + element(4))
        #expect(binary == (try encode(codec, text: "{{1,NULL},{3,4}}")))
    }

    @Test func damagedValuesAreErrors() throws {
        var random = SeededGenerator(seed: 7)
        let codecs: [PostgresCodec] = [
            .bool, .int16, .int32, .int64, .float64, .decimal(DecimalShape(precision: 40, scale: 5)), .jsonb, .bytes, .uuid, .date,
            .timestamp,
            .timeWithZone, .interval, .point, .hstore, .vector(isSparse: false), .vector(isSparse: true),
            .array(.int32, depth: 2, delimiter: UInt8(ascii: ","), keepsNulls: true), .jsonArray(.jsonb, delimiter: UInt8(ascii: ",")),
        ]
        let alphabet = Array("0123456789-+:.,{}[]\"\\/=>PTNULYMDHS ()e".utf8)
        var refused = 0
        for _ in 0..<100_000 {
            let codec = codecs[Int.random(in: 0..<codecs.count, using: &random)]
            let length = Int.random(in: 0...24, using: &random)
            let text = (0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
            if (try? encode(codec, text: String(decoding: text, as: UTF8.self))) == nil { refused += 1 }
            let binary = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            if (try? encode(codec, binary: binary)) == nil { refused += 1 }
        }
        #expect(refused > 50_000)
    }

    @Test func typesOfTheCatalogueHaveCodecs() {
        func type(
            _ oid: UInt32, _ name: String, kind: Character = "b", category: Character = "N", element: UInt32 = 0, base: UInt32 = 0,
            modifier: Int32 = -1, schema: String = "pg_catalog"
        ) -> PostgresType {
            PostgresType(
                oid: oid, name: name, schema: schema, kind: kind, category: category, element: element, base: base, baseModifier: modifier,
                baseDimensions: 0)
        }
        let catalog = TypeCatalog([
            type(1700, "numeric"), type(23, "int4"), type(1082, "date"), type(1182, "_date", category: "A", element: 1082),
            type(9000, "price", kind: "d", base: 1700, modifier: 10 << 16 | 2 + 4, schema: "public"),
            type(9001, "mood", kind: "e", schema: "public"),
            type(9002, "_mood", category: "A", element: 9001, schema: "public"), type(3904, "int4range", kind: "r", category: "R"),
            type(9003, "hstore", schema: "extensions"), type(3802, "jsonb"), type(3807, "_jsonb", category: "A", element: 3802),
        ])
        #expect(catalog.codec(1700, modifier: -1).clickHouseType == "Decimal(76, 38)")
        #expect(catalog.codec(1700, modifier: 12 << 16 | 3 + 4).clickHouseType == "Decimal(12, 3)")
        #expect(catalog.codec(1700, modifier: 100 << 16 | 2 + 4).clickHouseType == "String")
        #expect(catalog.codec(9000, modifier: -1).clickHouseType == "Decimal(10, 2)")
        #expect(catalog.codec(1182, modifier: -1, dimensions: 1).clickHouseType == "Array(Date32)")
        #expect(catalog.codec(9002, modifier: -1).clickHouseType == "Array(LowCardinality(String))")
        #expect(catalog.codec(9001, modifier: -1).nullableType == "LowCardinality(Nullable(String))")
        #expect(catalog.codec(3904, modifier: -1).clickHouseType == "String" && !catalog.codec(3904, modifier: -1).readsBinary)
        #expect(catalog.codec(9003, modifier: -1) == .hstore)
        #expect(catalog.codec(3807, modifier: -1).clickHouseType == "String")
        #expect(catalog.codec(4242, modifier: -1).clickHouseType == "String")
    }
}
