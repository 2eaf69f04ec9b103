import PipeCore
import Testing

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: text.utf8) }

    @Test func valuesOfEveryKind() throws {
        let text = #" { "a" : [ 1 , -2.5e1, true,false , null, "x\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00é" ], "b": {}, "c": [] , "a2":"" } "#
        #expect(
            try parse(text) == [
                "a": [1, -25, true, false, nil, .string("x\"\\/\u{8}\u{c}\n\r\té😀é")], "b": .object([:]), "c": .array([]), "a2": "",
            ])
        #expect(try parse("7") == 7)
    }

    /// A number is never another one than was written.
    @Test(arguments: [
        ("0", JSONValue.integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
        ("9223372036854775808", .exactNumber("9223372036854775808")), ("1.0", .integer(1)), ("2010.000000000000000000", .integer(2010)),
        ("1e3", .integer(1000)), ("1.5", .number(1.5)), ("0.000000000000000000123", .number(1.23e-19)),
        ("1.00000000000000001", .exactNumber("1.00000000000000001")), ("0.1234567890123456", .exactNumber("0.1234567890123456")),
        ("9007199254740993.0", .exactNumber("9007199254740993.0")), ("1e300", .number(1e300)),
        ("-340282366920938463463374607431768211455", .exactNumber("-340282366920938463463374607431768211455")),
    ])
    func numbersAreExact(_ text: String, _ value: JSONValue) throws { #expect(try parse(text) == value) }

    @Test(arguments: [
        ("", "the text ends too early at line 1, column 1"), ("[1,]", "unexpected character at line 1, column 4"),
        ("{\n \"a\": 1,\n}", "unexpected character at line 3, column 1"), ("[1 2]", "unexpected character at line 1, column 4"),
        ("{\"a\" 1}", "unexpected character at line 1, column 6"), ("01", "unexpected character at line 1, column 2"),
        ("1.", "the text ends too early at line 1, column 3"), ("+1", "unexpected character at line 1, column 1"),
        ("nul", "the text ends too early at line 1, column 4"), ("\"a\tb\"", "unexpected character at line 1, column 3"),
        ("\"\\x\"", "unexpected character at line 1, column 3"), ("\"\\ud800x\"", "unexpected character at line 1, column 8"),
        ("\"\\udc00\"", "text that is not UTF-8 at line 1, column 8"), ("1e999", "a number out of range at line 1, column 6"),
        ("\"abc", "the text ends too early at line 1, column 5"), ("{\"a\":1", "the text ends too early at line 1, column 7"),
        ("[] []", "unexpected character at line 1, column 4"), ("'a'", "unexpected character at line 1, column 1"),
        (#"{"a":1,"a":2}"#, "a name that the object has already at line 1, column 13"),
    ])
    func faultsHaveAPlace(_ text: String, _ message: String) {
        let error = #expect(throws: JSONSyntaxError.self) { try parse(text) }
        #expect(error?.description == message)
    }

    @Test func bytesThatAreNotUTF8AndDeepNesting() throws {
        let bytes: [UInt8] = [0x22, 0xC3, 0x28, 0x22]
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
        let deep = String(repeating: "[", count: 500) + String(repeating: "]", count: 500)
        _ = try parse(deep)
        let error = #expect(throws: JSONSyntaxError.self) { try parse("[\(deep)]") }
        #expect(error?.fault == .deep)
    }

    /// What the encoder writes is read back, whatever the characters.
    @Test func readsWhatTheEncoderWrites() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let value = Self.value(&random, depth: 0)
            let text = try JSONText.string(value)
            #expect(try parse(text) == value, "\(text)")
        }
    }

    private static func value(_ random: inout some RandomNumberGenerator, depth: Int) -> JSONValue {
        switch Int.random(in: 0...(depth > 3 ? 4 : 6), using: &random) {
        case 0: .null
        case 1: .bool(.random(using: &random))
        case 2: .integer(.random(in: .min ... .max, using: &random))
        case 3: .number(Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 8 + 0.0625)
        case 4: .string(text(&random))
        case 5: .array((0..<Int.random(in: 0...4, using: &random)).map { _ in value(&random, depth: depth + 1) })
        default:
            .object(
                Dictionary((0..<Int.random(in: 0...4, using: &random)).map { _ in (text(&random), value(&random, depth: depth + 1)) }) {
                    $1
                })
        }
    }

    private static func text(_ random: inout some RandomNumberGenerator) -> String {
        String(
            String.UnicodeScalarView(
                (0..<Int.random(in: 0...8, using: &random)).compactMap { _ in
                    UnicodeScalar(
                        [0x7F, 0x2FF, 0xFFFF, 0x10FFFF].randomElement(using: &random).map { UInt32.random(in: 0...$0, using: &random) } ?? 0
                    )
                }))
    }
}
