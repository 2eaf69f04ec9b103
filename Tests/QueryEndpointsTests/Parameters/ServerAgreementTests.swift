import ClickHouse
import FoundationEssentials
import PipeCore
import PipeTesting
import QueryEndpoints
import Testing

/// Random values against a real ClickHouse: what is accepted arrives as it was meant, and nothing accepted is refused there.
@Suite(.serialized, .enabled("needs ClickHouse") { await ServerFixture.isAvailable() })
struct ServerAgreementTests {
    @Test(arguments: [8, 16, 32, 64, 128, 256])
    func integers(bits: Int) async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: UInt64(bits))
            for type in ["UInt\(bits)", "Int\(bits)"] {
                let statement = try ParameterizedStatement("SELECT {x:\(type)}")
                let widths = [1, 2, 3, 5, 10, 19, 20, 38, 39, 77, 78]
                let texts = (0..<1000).map { _ in (random.below(2) == 0 ? "" : "-") + random.digits(1 + random.below(random.pick(widths))) }
                let accepted = texts.filter { (try? statement.bind(["x": .text($0)])) != nil }
                #expect(accepted.count > 50)
                let meant = accepted.map { text in
                    let digits = text.drop { $0 == "-" || $0 == "0" }
                    return digits.isEmpty ? "0" : (text.hasPrefix("-") ? "-" : "") + digits
                }
                same(try await server.answers(type, accepted.map { .text($0) }), meant)
            }
        }
    }

    @Test(arguments: [(9, 0), (9, 9), (18, 4), (38, 10), (38, 38), (76, 30)])
    func decimals(precision: Int, scale: Int) async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: UInt64(precision * 100 + scale))
            var given: [String] = []
            var meant: [String] = []
            for _ in 0..<1000 {
                let whole = String(random.digits(random.below(precision - scale + 1)).drop { $0 == "0" })
                var fraction = random.digits(random.below(scale + 1))
                given.append("-\(whole.isEmpty ? "0" : whole)" + (fraction.isEmpty ? "" : ".\(fraction)0"))
                while fraction.hasSuffix("0") { fraction.removeLast() }
                let isZero = whole.isEmpty && fraction.isEmpty
                meant.append(isZero ? "0" : "-\(whole.isEmpty ? "0" : whole)" + (fraction.isEmpty ? "" : ".\(fraction)"))
            }
            same(try await server.answers("Decimal(\(precision), \(scale))", given.map { .text($0) }), meant)
        }
    }

    @Test func floats() async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: 7)
            let common = (0..<2000).map { _ in Double.random(in: -1e6...1e6, using: &random) }
            let answers = try await server.answers("Float64", common.map { .json(.number($0)) })
            #expect(answers.map { Double($0) } == common)
            // Far exponents: the server's own reader is a few units off in the last place, for any text.
            let far = (0..<2000).map { _ in Double(bitPattern: random.next()) }.filter(\.isNormal)
            let read = try await server.answers("Float64", far.map { .text($0.description) })
            for (value, text) in zip(far, read) {
                let difference = ((Double(text) ?? .nan) - value).magnitude
                if !(difference <= value.ulp * 8) { Issue.record("\(value) came back as \(text)") }
            }
            let single = (0..<1000).map { _ in Float.random(in: -1e4...1e4, using: &random) }
            same(try await server.answers("Float32", single.map { .text($0.description) }).map { Float($0) }, single)
            same(
                try await server.answers("Float64", ["nan", "inf", "-inf", "0", "-0"].map { .text($0) }),
                [
                    "nan", "inf", "-inf", "0", "0",
                ])
        }
    }

    @Test(arguments: ["String", "Nullable(String)", "LowCardinality(String)", "LowCardinality(Nullable(String))"])
    func texts(type: String) async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: 11)
            let texts = (0..<2000).map { _ in random.hostileText(FuzzTests.valuePieces, upTo: 8).filter { $0 != "\0" } }.filter {
                !$0.utf8.contains(0)
            }
            same(try await server.answers(type, texts.map { .json(.string($0)) }), texts)
            // In a URL `\N` is NULL where NULL is possible.
            let plain = texts.filter { $0 != "\\N" }
            same(try await server.answers(type, plain.map { .text($0) }), plain)
        }
    }

    @Test func bytesOfFixedStrings() async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: 12)
            let texts = (0..<500).map { _ in random.hostileText(FuzzTests.valuePieces, upTo: 3) }.filter {
                $0.utf8.count <= 12 && !$0.utf8.contains(0)
            }
            let meant = texts.map { text in
                let bytes = Array(text.utf8) + [UInt8](repeating: 0, count: 12 - text.utf8.count)
                return bytes.map { String($0 >> 4, radix: 16, uppercase: true) + String($0 & 15, radix: 16, uppercase: true) }.joined()
            }
            same(try await server.answers("FixedString(12)", texts.map { .text($0) }, "hex($)"), meant)
        }
    }

    @Test(arguments: ["DateTime", "DateTime('UTC')", "DateTime('Europe/Berlin')", "DateTime('America/St_Johns')"])
    func instants(type: String) async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: 13)
            let seconds = (0..<500).map { _ in random.below(4_294_967_296) } + [0, 1, 9999, 86400, 4_294_967_295]
            let given = seconds.map { Self.iso($0, offset: random.pick([0, 3600, -12600, 50400, -43200])) }
            same(try await server.answers(type, given.map { .text($0) }, "toString(toUnixTimestamp($))"), seconds.map { "\($0)" })
            same(
                try await server.answers(type, seconds.map { .json(.integer(Int64($0))) }, "toString(toUnixTimestamp($))"),
                seconds.map { "\($0)" })
            same(
                try await server.answers("Array(\(type))", given.map { .json([.string($0)]) }, "toString(toUnixTimestamp($[1]))"),
                seconds.map { "\($0)" })
        }
    }

    @Test(arguments: ["DateTime64(3)", "DateTime64(3, 'UTC')", "DateTime64(3, 'Europe/Berlin')", "DateTime64(3, 'Asia/Kathmandu')"])
    func instantsWithFractions(type: String) async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: 14)
            let values = (0..<500).map { _ in (seconds: random.below(12_000_000_000) - 2_100_000_000, milliseconds: random.below(1000)) }
                .filter { $0.seconds != -1 && $0.seconds < 10_413_000_000 }
            let given = values.map { value in
                let text = Self.iso(value.seconds, offset: random.pick([0, 7200, -12600]))
                let fraction = String(("00" + String(value.milliseconds)).suffix(3))
                return String(text.prefix(19)) + "." + fraction + text.dropFirst(19)
            }
            let meant = values.map { String($0.seconds * 1000 + $0.milliseconds) }
            same(try await server.answers(type, given.map { .text($0) }, "toString(toUnixTimestamp64Milli($))"), meant)
            same(
                try await server.answers("Array(\(type))", given.map { .json([.string($0)]) }, "toString(toUnixTimestamp64Milli($[1]))"),
                meant)
        }
    }

    /// Times without a zone are the zone's own, and every day of the calendar arrives.
    @Test func localTimes() async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: 15)
            let seconds = (0..<800).map { _ in random.below(12_500_000_000) - 2_200_000_000 }.filter { $0 < 10_413_700_000 }
            let texts = seconds.map { String(Self.iso($0, offset: 0).prefix(19)).replacing("T", with: " ") }
            for type in ["DateTime64(0)", "DateTime64(0, 'UTC')", "DateTime64(0, 'Asia/Tokyo')"] {
                let read = try await server.answers(type, texts.map { .text($0) })
                // Japan changed its clocks in a few nights of 1948 to 1951, in which some times do not exist.
                let differing = zip(texts, read).filter { $0 != $1 && !("1948"..."1951~").contains($0) }.map { "\($0) \($1)" }
                #expect(differing.isEmpty)
            }
            let days = texts.map { String($0.prefix(10)) }
            same(try await server.answers("Date32", days.map { .text($0) }), days)
            let near = days.filter { ("1970"..<"2149-06-07").contains($0) }
            #expect(near.count > 100)
            same(try await server.answers("Date", near.map { .text($0) }), near)
        }
    }

    @Test func containers() async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: 16)
            func text() -> JSONValue {
                .string(String(random.hostileText(FuzzTests.valuePieces, upTo: 3).unicodeScalars.filter { $0 != "\0" }))
            }
            func number() -> JSONValue { random.below(5) == 0 ? .null : .integer(Int64(random.below(1 << 31)) - (1 << 30)) }
            func list(_ element: () -> JSONValue) -> JSONValue { .array((0..<random.below(4)).map { _ in element() }) }
            func map(_ element: () -> JSONValue) -> JSONValue {
                .object(Dictionary((0..<random.below(4)).map { _ in (text().string ?? "", element()) }) { $1 })
            }
            let kinds: [(String, () -> JSONValue)] = [
                ("Array(String)", { list(text) }), ("Array(Nullable(Int32))", { list(number) }),
                ("Array(Array(String))", { list { list(text) } }),
                ("Map(String, Nullable(Int32))", { map(number) }), ("Map(String, Array(String))", { map { list(text) } }),
                ("Tuple(String, Nullable(Int32))", { .array([text(), number()]) }),
                ("Array(Tuple(Nullable(Int32), String, Array(String)))", { list { .array([number(), text(), list(text)]) } }),
                ("Tuple(a String, `b c` Map(String, String))", { ["a": text(), "b c": map(text)] }),
                ("Array(LowCardinality(Nullable(String)))", { list { random.below(4) == 0 ? .null : text() } }),
            ]
            for (type, make) in kinds {
                let values = (0..<300).map { _ in make() }
                let answers = try await server.answers(type, values.map { .json($0) }, "toJSONString($)")
                for (value, answer) in zip(values, answers) {
                    let read: JSONValue = try JSONText.decode(from: answer)
                    if read != value { Issue.record("\(type): \(value) came back as \(answer)") }
                }
                // The same value as JSON text in a URL.
                let texts = try values.map { ParameterValue.text(try JSONText.string($0)) }
                // The order of a map's keys may differ: no JSON object has one.
                for (again, answer) in zip(try await server.answers(type, texts, "toJSONString($)"), answers) {
                    let (one, other): (JSONValue, JSONValue) = (try JSONText.decode(from: again), try JSONText.decode(from: answer))
                    if one != other { Issue.record("\(type): as text \(again), as JSON \(answer)") }
                }
            }
        }
    }

    /// Whatever text is accepted, ClickHouse accepts too, and scalars come back as they were sent.
    @Test(arguments: FuzzTests.types.filter { !["Identifier", "Dynamic", "JSON"].contains($0) })
    func acceptedMeansAccepted(type: String) async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: 17)
            let statement = try ParameterizedStatement("SELECT {x:\(type)}")
            let samples = Self.samples.filter { (try? statement.bind(["x": .text($0)])) != nil }
            #expect(!samples.isEmpty)
            var texts = samples
            for _ in 0..<4000 {
                var text = random.below(3) == 0 ? random.hostileText(FuzzTests.valuePieces, upTo: 6) : random.pick(samples)
                for _ in 0..<random.below(3) { text = Self.mutated(text, &random) }
                texts.append(text)
            }
            let accepted = texts.filter { (try? statement.bind(["x": .text($0)])) != nil }
            let answers = try await server.answers(type, accepted.map { .text($0) })
            let isExact = ["Int256", "UInt8", "Decimal(9,3)", "Bool", "UUID", "Date", "Date32", "Time64(3)"].contains(type)
            for (text, answer) in zip(accepted, answers) where isExact {
                var sent = try statement.bind(["x": .text(text)])["x"] ?? ""
                if type == "Time64(3)" {
                    let fraction = sent.split(separator: ".").dropFirst().first ?? ""
                    // Hours have two digits or more in the answer.
                    while let zero = sent.firstIndex(of: "0"), sent.prefix(while: { $0 != ":" }).filter(\.isNumber).count > 2,
                        sent[..<zero].allSatisfy({ $0 == "-" })
                    {
                        sent.remove(at: zero)
                    }
                    sent = sent.prefix { $0 != "." } + "." + fraction + String(repeating: "0", count: 3 - fraction.count)
                }
                if sent != answer { Issue.record("\(type): \(text.debugDescription) was sent as \(sent) and came back as \(answer)") }
            }
        }
    }

    static let samples = [
        "0", "1", "255", "-1", "12345", "0.5", "-1.25", "1e3", "true", "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "1.2.3.4", "::1",
        "2001:db8::ff00:42:8329",
        "::ffff:10.0.0.1", "2020-02-29", "1970-01-01", "2149-06-06", "2020-01-02 03:04:05", "2020-01-02T03:04:05Z",
        "2020-01-02T03:04:05.678+02:00", "1577934245",
        "1577934245.5", "12:34:56", "-1:02:03.5", "a", "", "\\N", "NULL", "[]", "['a','b']", "[\"a\"]", "[1,2.5,null]",
        "[[\"2020-01-02 03:04:05.5\"],[]]",
        "(1,'x')", "[1,null]", "{\"a\":1,\"b\":null}", "{'k':[1,2]}", "{}", "999:59:59.999", "2106-02-06 06:28:15", "2299-12-31 23:59:59",
    ]

    /// One character more, less, or another one.
    static func mutated(_ text: String, _ random: inout SeededGenerator) -> String {
        var scalars = Array(text.unicodeScalars)
        let marks = Array("0123456789-+.:eETZ ,'\"[](){}\\Nax\t\u{e9}".unicodeScalars)
        let place = random.below(scalars.count + 1)
        switch random.below(3) {
        case 0: scalars.insert(random.pick(marks), at: place)
        case 1 where place < scalars.count: scalars.remove(at: place)
        case 2 where place < scalars.count: scalars[place] = random.pick(marks)
        default: break
        }
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    /// The server misses a parameter exactly where one is found here.
    @Test func parametersAreTheServers() async throws {
        try await ServerFixture.use { server in
            var random = SeededGenerator(seed: 18)
            let pieces = [
                "{x:UInt8}", "{ y : String }", "'", "''", "\\'", "\"", "`", "-- ", "--", "\n", "/*", "*/", "# ", "#!", "#", "$$", "$t$",
                "//", "‘", "’", "“", "”", ", 1", " 1 ",
                "{'a':1}", "a", ";", "+", "\u{a0}", "{", "}", "$", "é",
            ]
            var missing = 0
            var complete = 0
            for _ in 0..<6000 {
                let sql = "SELECT 1, " + (0..<1 + random.below(7)).map { _ in random.pick(pieces) }.joined()
                let statement = try? ParameterizedStatement(sql)
                let outcome: ClickHouseError?
                do throws(ClickHouseError) {
                    _ = try await server.client.query(sql)
                    outcome = nil
                } catch {
                    outcome = error
                }
                if let outcome, outcome.code.rawValue == 456 {
                    missing += 1
                    let isFound = statement?.parameters.contains { outcome.message.contains("`\($0.name)`") }
                    if isFound != true { Issue.record("the server finds a parameter in \(sql.debugDescription): \(outcome.message)") }
                } else if outcome == nil {
                    complete += 1
                    if let statement, !statement.parameters.isEmpty {
                        Issue.record("the server finds no parameter in \(sql.debugDescription)")
                    }
                    if statement == nil { Issue.record("the server reads \(sql.debugDescription)") }
                }
            }
            #expect(missing > 100)
            #expect(complete > 100)
        }
    }

    /// Records the first differences.
    func same<Value: Equatable>(_ answers: [Value], _ meant: [Value], sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(answers.count == meant.count, sourceLocation: sourceLocation)
        for (answer, value) in zip(answers, meant).filter({ $0 != $1 }).prefix(5) {
            Issue.record("\(value) came back as \(answer)", sourceLocation: sourceLocation)
        }
    }

    /// `2026-01-31T12:00:00+02:00` of seconds since 1970.
    static func iso(_ seconds: Int, offset: Int) -> String {
        let local = Date(timeIntervalSince1970: Double(seconds + offset)).formatted(.iso8601)
        let minutes = offset.magnitude / 60
        let zone = [minutes / 60, minutes % 60].map { String(("0" + String($0)).suffix(2)) }.joined(separator: ":")
        return offset == 0 ? local : String(local.dropLast()) + (offset < 0 ? "-" : "+") + zone
    }
}
