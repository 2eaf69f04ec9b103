import ClickHouse
import PipeCore
import PipeTesting
import QueryEndpoints
import Testing

/// Inputs that nobody meant: nothing crashes, nothing hangs.
@Suite struct FuzzTests {
    static let sqlPieces = [
        "SELECT ", "INSERT INTO t ", "VALUES ", "WITH ", "FORMAT ", "CSV", "SETTINGS a = 1", " FROM ", "input('a UInt8')", "{x:UInt8}", "{",
        "}", ":",
        "'", "\"", "`", "\\", "''", "--", "/*", "*/", "#", "# ", "#!", "$$", "$t$", "$", "‘", "’", "“", "”", "(", ")", "[", "]", ",", ";",
        ".", "1", "0x", "1e",
        "1.5", "\n", " ", "\u{a0}", "é", "{n:Array(Nullable(", "{e:Enum8('a}' = 1)}", "Tuple(a ", "Decimal(", "DOUBLE PRECISION",
        "CREATE VIEW v AS ", "EXPLAIN ",
    ]
    static let valuePieces = [
        "[", "]", "(", ")", "{", "}", "'", "\"", "\\", "\\u", "d83d", ",", ":", "1", "-", "+", ".", "e9", "0", "NULL", "null", "true",
        "nan", "inf", "\\N", "\t", "\n",
        "2020-01-02", "T", " ", "03:04:05", "Z", "+02:00", "::", "ffff", "1.2.3.4", "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "99999999999",
        "a", "'a'", "'x\\'y'", "''", "; DROP TABLE t --",
    ]
    static let types = [
        "UInt8", "Int256", "Float32", "Decimal(9,3)", "Bool", "UUID", "IPv4", "IPv6", "Date", "Date32", "DateTime",
        "DateTime('Asia/Tokyo')", "DateTime64(6)",
        "DateTime64(9, 'UTC')", "Time", "Time64(3)", "Enum8('a' = 1, '1' = 2)", "String", "FixedString(4)", "Nullable(Int16)", "Identifier",
        "Array(String)",
        "Array(Nullable(Float64))", "Array(Array(DateTime64(3)))", "Tuple(a UInt8, b Nullable(String))", "Map(String, Array(UInt8))",
        "JSON", "Dynamic",
    ]

    @Test func anyTextIsRead() {
        var random = SeededGenerator(seed: 1)
        var accepted = 0
        for _ in 0..<20_000 {
            let sql = random.hostileText(Self.sqlPieces, upTo: 24)
            let tokens = SQLToken.all(in: sql)
            let joined = tokens.reduce(into: [UInt8]()) { $0 += $1.text.utf8 }
            guard joined == Array(sql.utf8) else {
                Issue.record("tokens lose text of \(sql.debugDescription)")
                continue
            }
            if tokens.contains(where: \.text.isEmpty) { Issue.record("an empty token in \(sql.debugDescription)") }
            if let statement = try? ParameterizedStatement(sql) {
                accepted += 1
                if !sql.utf8.starts(with: statement.sql.utf8) { Issue.record("changed text of \(sql.debugDescription)") }
            }
        }
        #expect(accepted > 100)
    }

    @Test func anyTypeIsRead() {
        var random = SeededGenerator(seed: 2)
        let pieces =
            ["(", ")", ",", "'", "=", "-", " ", "1", "3", "300", "a", "`b c`"]
            + [
                "Array", "Nullable", "Tuple", "Map", "Enum8", "Decimal", "FixedString", "DateTime64", "UInt8", "String", "UNSIGNED", "INT",
                "JSON", "Nested",
            ]
        for _ in 0..<20_000 {
            let type = random.hostileText(pieces, upTo: 12)
            if let parameter = (try? ParameterizedStatement("SELECT {x:\(type)}"))?.parameters.first { #expect(!parameter.type.isEmpty) }
        }
    }

    @Test func anyValueIsChecked() throws {
        var random = SeededGenerator(seed: 3)
        let statements = try Self.types.map { try ParameterizedStatement("SELECT {x:\($0)}") }
        var accepted = 0
        for _ in 0..<20_000 {
            let statement = random.pick(statements)
            let text = random.hostileText(Self.valuePieces, upTo: 10)
            for value in [ParameterValue.text(text), .json(.string(text))] {
                do {
                    let bound = try statement.bind(["x": value])["x"] ?? "\0"
                    accepted += 1
                    if bound.utf8.contains(where: { [0, 9, 10].contains($0) }), statement.parameters.first?.type != "Identifier" {
                        Issue.record("a raw control character in \(bound.debugDescription)")
                    }
                } catch {
                    if error.description.unicodeScalars.count > 500 { Issue.record("a long message: \(error.description)") }
                }
            }
        }
        #expect(accepted > 2000)
    }

    /// Texts that would take hours if the work grew with the square of the length.
    @Test func longTextsTakeLittleTime() throws {
        let unclosedTags = (0..<60_000).map { "$a\($0)$ " }.joined()
        let parts = [
            "(", "{", "[", "/*", "'", "$$ ", "$a$", "INSERT INTO t () ", "() ", "SETTINGS a = 1 ", "SETTINGS a = (", "{x:UInt8} ", ", ",
            "; ", "‘", "-- \n", "WITH ",
            "FORMAT CSV ", "{a:Tuple(",
        ]
        let clock = ContinuousClock()
        for text in parts.map({ String(repeating: $0, count: 1_000_000 / $0.utf8.count) }) + [unclosedTags] {
            for head in ["", "SELECT ", "INSERT INTO t ", "CREATE VIEW v AS "] {
                let time = clock.measure { _ = try? ParameterizedStatement(head + text) }
                if time > .seconds(20) { Issue.record("\(time) for \(head)\(text.prefix(20))…") }
            }
        }
        let statements = try Self.types.map { try ParameterizedStatement("SELECT {x:\($0)}") }
        for piece in ["[", "[1,", "[[],", "'", "{\"a\":", "(", "1", "9.", "\\", "::", "0", "['a',", "-"] {
            let text = String(repeating: piece, count: 1_000_000 / piece.utf8.count)
            for statement in statements {
                let time = clock.measure { _ = try? statement.bind(["x": .text(text)]) }
                if time > .seconds(20) { Issue.record("\(time) for \(piece)… as \(statement.sql)") }
            }
        }
    }
}
