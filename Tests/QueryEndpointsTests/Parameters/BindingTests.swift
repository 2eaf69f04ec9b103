import PipeCore
import QueryEndpoints
import Testing

@Suite struct BindingTests {
    /// What is sent for a value of one parameter `x`.
    static func bound(_ type: String, _ value: ParameterValue) throws -> String? {
        try ParameterizedStatement("SELECT {x:\(type)}").bind(["x": value])["x"]
    }

    @Test(arguments: Self.acceptedTexts)
    func texts(type: String, text: String, expected: String) throws {
        #expect(try Self.bound(type, .text(text)) == expected)
    }

    @Test(arguments: Self.acceptedDocuments)
    func documents(type: String, value: JSONValue, expected: String) throws {
        #expect(try Self.bound(type, .json(value)) == expected)
    }

    @Test(arguments: Self.hopelessTexts)
    func refusedTexts(type: String, text: String) throws {
        let problem = #expect(throws: InvalidParameter.self) { try Self.bound(type, .text(text)) }
        #expect(problem?.name == "x")
        #expect(problem?.reason.isEmpty == false)
    }

    @Test(arguments: Self.hopelessDocuments)
    func refusedDocuments(type: String, value: JSONValue) throws {
        #expect(throws: InvalidParameter.self) { try Self.bound(type, .json(value)) }
    }

    @Test func messages() throws {
        let statement = try ParameterizedStatement("SELECT {y:UInt8}, {names:Array(Tuple(a UInt8, b Array(Date)))}")
        func problem(_ given: [String: ParameterValue]) -> InvalidParameter? {
            do throws(InvalidParameter) {
                _ = try statement.bind(given)
                return nil
            } catch {
                return error
            }
        }
        #expect(problem(["y": .text("300")])?.description == "parameter `y` (UInt8): '300' is out of range, 0 to 255")
        #expect(
            problem(["y": .text("1")])?.description
                == "parameter `names` (Array(Tuple(a UInt8, b Array(Date)))): a value is required")
        #expect(
            problem(["y": .text("1"), "names": .json([["a": 1, "b": ["2020-01-01", "x"]]])])?.reason
                == "at [0][1][1]: 'x' is not a date like 2026-01-31")
    }

    @Test func longValuesAreNotQuotedWhole() throws {
        let text = String(repeating: "7", count: 5000)
        let problem = #expect(throws: InvalidParameter.self) { try Self.bound("UInt8", .text(text)) }
        #expect(problem?.description.contains(String(repeating: "7", count: 81)) == false)
        #expect(throws: InvalidParameter.self) { try Self.bound("String", .text(String(repeating: "a", count: 1 << 21))) }
    }

    @Test func deepValuesEnd() throws {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: InvalidParameter.self) { try Self.bound("Array(UInt8)", .text(text)) }
        #expect(throws: InvalidParameter.self) { try Self.bound("JSON", .text(String(repeating: "{\"a\":", count: 100_000))) }
        var value: JSONValue = 1
        for _ in 0..<1000 { value = [value] }
        #expect(throws: InvalidParameter.self) { try Self.bound("Dynamic", .json(value)) }
        let type = String(repeating: "Array(", count: 5000) + "UInt8" + String(repeating: ")", count: 5000)
        #expect(throws: StatementProblem.self) { try ParameterizedStatement("SELECT {x:\(type)}") }
    }

    @Test func defaultsAndUnknownNames() throws {
        let statement = try ParameterizedStatement("SELECT {a:UInt8}, {b:String}")
        #expect(try statement.bind(["a": .text("1")], defaults: ["a": "x", "b": "y\t"]) == ["a": "1", "b": "y\\t"])
        #expect(throws: InvalidParameter.self) { try statement.bind([:], defaults: ["a": "300", "b": ""]) }
        #expect(throws: InvalidParameter.self) { try statement.check(["a": "300"]) }
        try statement.check(["a": "30", "c": "anything"])
        #expect(statement.unknown(["a": .text("1"), "z": .text(""), "c": .json(1)]) == ["c", "z"])
    }

    // MARK: Tables

    static let acceptedTexts: [(String, String, String)] = [
        ("UInt8", "255", "255"), ("UInt8", "+7", "7"), ("Int8", "-0", "0"), ("Int64", "-0012", "-12"), ("BIGINT UNSIGNED", "5", "5"),
        ("UInt64", "18446744073709551615", "18446744073709551615"),
        ("Int128", "-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728"),
        ("Float64", "1.5", "1.5"), ("Float64", "+1e5", "100000.0"), ("Float32", "-Infinity", "-inf"), ("Float64", "NaN", "nan"),
        ("Decimal(18,4)", "1.23450", "1.2345"), ("Decimal(18,4)", "-1e3", "-1000"), ("Decimal(5,2)", "0.05", "0.05"),
        ("Bool", "TRUE", "true"), ("Bool", "0", "false"), ("Date", "2020-02-29", "2020-02-29"), ("Date32", "1900-01-01", "1900-01-01"),
        ("DateTime", "2020-01-02T03:04:05", "2020-01-02 03:04:05"), ("DateTime", "2020-01-02T03:04:05.000Z", "1577934245"),
        ("DateTime", "2020-01-02 05:04:05 +0200", "1577934245"), ("DateTime", "1970-01-01T00:00:05Z", "0000000005"),
        ("DateTime", "1577934245", "1577934245"), ("DateTime", "2020-01-02", "2020-01-02 00:00:00"),
        ("DateTime", "2020-01-02T03:04", "2020-01-02 03:04:00"), ("DateTime", "1970-01-01 00:00:00", "1970-01-01 00:00:00"),
        ("DateTime64(3)", "2020-01-02T03:04:05.678Z", "1577934245.678"),
        ("DateTime64(3)", "2020-01-02 03:04:05.6780", "2020-01-02 03:04:05.678"),
        ("DateTime64(3, 'UTC')", "1969-12-31T23:59:59.999Z", "1969-12-31 23:59:59.999"),
        ("DateTime64(3)", "1969-12-31T23:59:58.250Z", "-0000000001.75"), ("DateTime64(3)", "-1577934245.678", "-1577934245.678"),
        ("Time", "1:02:03", "01:02:03"), ("Time64(3)", "-999:59:59.9990", "-999:59:59.999"),
        ("UUID", "61F0C4045CB311E7907BA6006AD3DBA0", "61f0c404-5cb3-11e7-907b-a6006ad3dba0"), ("IPv4", "1.2.3.4", "1.2.3.4"),
        ("IPv6", "::ffff:1.2.3.4", "::ffff:1.2.3.4"), ("IPv6", "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7::"),
        ("Enum8('a' = 1, 'b' = 2)", "b", "b"), ("Enum8('a' = 1, 'b' = 2)", "2", "b"), ("Enum('1' = 2, '2' = 3)", "2", "2"),
        ("Enum8('tab\\there')", "tab\there", "tab\\there"),
        ("FixedString(3)", "é1", "é1"), ("String", "a\tb\\c\nd'e\"\r", "a\\tb\\\\c\\nd'e\"\\r"), ("String", "\\N", "\\\\N"),
        ("String", "NULL", "NULL"), ("String", "", ""), ("Nullable(String)", "\\N", "\\N"), ("Nullable(String)", "NULL", "NULL"),
        ("Nullable(UInt8)", "NULL", "\\N"), ("LowCardinality(Nullable(String))", "\\N", "\\N"), ("Identifier", "a\\b; drop", "a\\b; drop"),
        ("Array(String)", "['a','it''s']", "['a','it\\'s']"), ("Array(String)", "[\"a\\u00e9\\ud83d\\ude00\\\"\\\\\"]", "['aé😀\"\\\\']"),
        ("Array(Nullable(UInt8))", "[1, null, NULL]", "[1,NULL,NULL]"), ("Array(UInt8)", " [ ] ", "[]"),
        ("Array(Bool)", "[1, true, 'no']", "[true,true,false]"), ("Map(String, UInt8)", "{\"a'b\": 1}", "{'a\\'b':1}"),
        ("Map(UInt8, String)", "{\"1\": \"x\", 2: 'y'}", "{1:'x',2:'y'}"), ("Tuple(UInt8, String)", "[1, \"x\"]", "(1,'x')"),
        ("Tuple(b String, a UInt8)", "{\"a\": 1, \"b\": \"x\"}", "('x',1)"), ("Tuple(UInt8)", "(1,)", "(1)"),
        ("Nested(a UInt8, b String)", "[{\"a\": 1, \"b\": \"\\t\"}]", "[(1,'\\t')]"), ("Point", "[1.5, -2]", "(1.5,-2)"),
        ("Array(DateTime)", "['2020-01-02T03:04:05Z', 1577934245]", "['1577934245','1577934245']"),
        ("Array(Decimal(10,2))", "[1.5, '2.25']", "[1.5,2.25]"),
        ("JSON", "{\"a\": \"x\\ty\", \"b\": [1, null]}", "{\"a\":\"x\\\\u0009y\",\"b\":[1,null]}"),
        ("Array(JSON)", "[{\"a\": \"it's\"}]", "['{\"a\":\"it\\'s\"}']"), ("Dynamic", "a\tb", "a\\tb"), ("VARCHAR(10)", "x", "x"),
    ]

    static let acceptedDocuments: [(String, JSONValue, String)] = [
        ("UInt16", JSONValue.integer(2010), "2010"), ("UInt16", .number(2010), "2010"), ("UInt16", "2010", "2010"),
        ("String", 5, "5"), ("String", true, "true"), ("String", "\\N", "\\\\N"), ("Nullable(String)", nil, "\\N"),
        ("Nullable(String)", "\\N", "\\\\N"), ("Nullable(UInt8)", nil, "\\N"), ("Decimal(10,3)", .number(1.5), "1.5"),
        ("Decimal(30,10)", .number(1e-05), "0.00001"), ("Float64", .number(0.1), "0.1"), ("Bool", true, "true"), ("Bool", 1, "true"),
        ("Array(Array(Array(UInt32)))", [[[12, 13, 0, 1], [12]]], "[[[12,13,0,1],[12]]]"),
        ("Array(String)", ["a'b", "\\"], "['a\\'b','\\\\']"),
        ("Array(UInt8)", "[1,2]", "[1,2]"), ("Array(Nullable(String))", [nil, "NULL"], "[NULL,'NULL']"),
        ("Map(String, Array(UInt8))", ["k": [1]], "{'k':[1]}"), ("Tuple(a UInt8, b String)", ["b": "x", "a": 1], "(1,'x')"),
        ("DateTime", 5, "0000000005"), ("DateTime64(3)", .number(1577934245.678), "1577934245.678"),
        ("DateTime64(3, 'UTC')", 0, "1970-01-01 00:00:00"),
        ("JSON", ["a": ["b": "\n"]], "{\"a\":{\"b\":\"\\\\u000a\"}}"), ("Enum8('x' = 5)", 5, "x"), ("Dynamic", [1, "a"], "[1,'a']"),
    ]

    static let hopelessTexts: [(String, String)] = [
        ("UInt8", "300"), ("UInt8", "256"), ("Int8", "200"), ("Int8", "-129"), ("UInt64", "99999999999999999999"), ("UInt8", "-1"),
        ("UInt8", ""), ("UInt8", "abc"), ("UInt8", " 7"), ("UInt8", "7 "), ("UInt8", "0x10"), ("UInt8", "1.5"), ("UInt8", "1e1"),
        ("UInt8", "+"),
        ("UInt8", "٣"), ("Int256", "57896044618658097711785492504343953926634992332820282019728792003956564819968"),
        ("UInt256", "115792089237316195423570985008687907853269984665640564039457584007913129639936"),
        ("Float64", "1e400"), ("Float64", "0x1p3"), ("Float64", "."), ("Float64", "1e"), ("Float32", "1e39"), ("BFloat16", "3.4e38"),
        ("Float64", "1e-400"), ("Float32", "1e-50"),
        ("Decimal(18,4)", "1.23456"), ("Decimal(18,4)", "100000000000000"), ("Decimal(18,4)", "-"), ("Decimal(18,4)", "1e20"),
        ("Decimal(18,4)", "nan"), ("Decimal(3,0)", "1e99999"), ("Bool", "2"), ("Bool", ""), ("Date", "2020-13-45"), ("Date", "2021-02-29"),
        ("Date", "2300-01-01"), ("Date", "1969-12-31"), ("Date", "2020-1-2"), ("Date", "20200102"), ("Date", "2020-01-02 00:00:00"),
        ("Date32", "1899-12-31"), ("Date32", "2300-01-01"), ("DateTime", "2020-01-02 25:00:00"), ("DateTime", "2020-02-30 00:00:00"),
        ("DateTime", "1234"), ("DateTime", "20200102"), ("DateTime", "4294967296"), ("DateTime", "2106-02-07 06:28:16"),
        ("DateTime", "2020-01-02T03:04:05.5Z"), ("DateTime", "2020-01-02T03:04:60Z"), ("DateTime", "1577934245678"),
        ("DateTime", "2020-01-02T03:04:05X"),
        ("DateTime('Asia/Kolkata')", "1970-01-01 00:00:00"), ("DateTime('America/New_York')", "2106-02-07 03:00:00"),
        ("DateTime64(3)", "2020-01-02 03:04:05.6789"), ("DateTime64(3)", "1899-12-31 23:59:59"), ("DateTime64(3)", "2300-01-01 00:00:00"),
        ("DateTime64(9)", "2263-01-01 00:00:00"), ("DateTime64(9, 'UTC')", "2262-04-11 23:47:16.854775808"),
        ("DateTime64(3)", "1969-12-31T23:59:59.5Z"),
        ("DateTime64(3)", "1577934245678"), ("Time", "1000:00:00"), ("Time", "12:60:00"), ("Time", "12:34"), ("Time", "12:34:56.5"),
        ("Time64(3)", "1:2:3"),
        ("UUID", "x1f0c404-5cb3-11e7-907b-a6006ad3dba0"), ("UUID", "{61f0c404-5cb3-11e7-907b-a6006ad3dba0}"), ("UUID", ""),
        ("IPv4", "01.2.3.4"), ("IPv4", "256.1.1.1"), ("IPv4", "1.2.3"), ("IPv4", "1.2.3.4.5"), ("IPv6", "1::2::3"),
        ("IPv6", "fe80::1%eth0"),
        ("IPv6", "12345::"), ("IPv6", "1:2:3:4:5:6:7"), ("IPv6", "1:2:3:4:5:6:7:8:9"), ("IPv6", "1:2:3:4:5:6:7:8::"), ("IPv6", ":"),
        ("IPv6", "1:"), ("IPv6", ""),
        ("Enum8('a' = 1)", "A"), ("Enum8('a' = 1)", "2"), ("Enum8('a' = 1)", ""), ("FixedString(3)", "abcd"), ("FixedString(3)", "éé"),
        ("String", "a\0b"), ("Identifier", ""), ("UInt8", "\\N"), ("Array(UInt8)", "[300]"), ("Array(UInt8)", "[1,]"),
        ("Array(UInt8)", "[1"),
        ("Array(UInt8)", "[1]]"), ("Array(UInt8)", "1"), ("Array(UInt8)", ""), ("Array(UInt8)", "[NULL]"), ("Array(String)", "[a]"),
        ("Array(String)", "['a'"),
        ("Array(String)", "['\\0']"), ("Array(String)", "['\\xFF']"), ("Array(Array(UInt8))", "[[1],2]"), ("Array(UInt8)", "(1)"),
        ("Tuple(UInt8, String)", "(1)"),
        ("Map(String, UInt8)", "{'a':300}"), ("Map(String, UInt8)", "{'a'}"), ("Tuple(a UInt8)", "{\"b\": 1}"),
        ("Tuple(UInt8)", "{\"b\": 1}"),
        ("JSON", "[]"), ("JSON", "1"), ("JSON", "{\"a\": 1, \"a\": 2}"), ("JSON", "{\"a\": 01}"), ("JSON", "{a: 1}"),
        ("JSON", "{\"a\": nan}"),
    ]

    static let hopelessDocuments: [(String, JSONValue)] = [
        ("UInt8", JSONValue.number(1.5)), ("UInt8", true), ("UInt8", nil), ("UInt8", [1]), ("UInt64", .number(1.8446744073709552e19)),
        ("String", nil),
        ("String", ["a"]), ("String", .number(1.5)), ("Bool", 2), ("Decimal(38,20)", .number(0.12345678901234568)), ("Date", 18000),
        ("DateTime", 1_577_934_245_678),
        ("DateTime", .number(1.5)), ("DateTime64(2)", .number(1577934245.678)), ("Array(UInt8)", 1), ("Array(UInt8)", [nil]),
        ("Array(UInt8)", [[1]]),
        ("Map(String, UInt8)", [1]), ("Tuple(UInt8, UInt8)", [1]), ("JSON", [1]), ("String", "\0"), ("Array(String)", ["\0"]),
        ("JSON", ["a": "\0"]),
        ("Enum8('1' = 2, '2' = 1)", 1), ("UUID", 5),
    ]
}
