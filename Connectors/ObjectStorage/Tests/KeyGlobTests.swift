import ObjectStorageConnector
import PipeTesting
import Testing

@Suite struct KeyGlobTests {
    @Test(arguments: [
        // pattern, keys that match, keys that do not
        ("a.json", ["a.json"], ["b.json", "a.json.gz", "xa.json", "A.json", "aXjson"]),
        ("?.json", ["a.json", "ü.json", "😀.json"], [".json", "ab.json", "/.json"]),
        ("*.json", ["a.json", ".json", "ä b.json"], ["a/b.json", "a.jsonl"]),
        ("logs/*/x", ["logs/a/x", "logs//x"], ["logs/a/b/x", "logs/x"]),
        ("logs/**", ["logs/a", "logs/a/b", "logs/a.b/c"], ["log/a", "logs/", "logs/a/"]),
        ("**/x.csv", ["a/x.csv", "a/b/x.csv", "/x.csv"], ["x.csv", "a/y.csv"]),
        ("a***b", ["ab", "a/b", "a//xb"], ["a/bc"]),
        ("{a,b}/{x,y}.csv", ["a/x.csv", "b/y.csv"], ["a/z.csv", "c/x.csv", "{a,b}/x.csv"]),
        ("data{,.bak}.csv", ["data.csv", "data.bak.csv"], ["data.ba.csv"]),
        ("{a}", ["a"], ["b", "{a}"]),
        ("{1..3}.csv", ["1.csv", "2.csv", "3.csv"], ["0.csv", "4.csv", "01.csv", "13.csv"]),
        ("{08..11}", ["08", "09", "10", "11"], ["8", "9", "07", "12", "008"]),
        ("{3..1}", ["1", "2", "3"], ["4", "0"]),
        ("{0..100}", ["0", "7", "42", "100"], ["101", "00", "007"]),
        ("{001..2}", ["001", "002"], ["1", "2", "003"]),
        ("{a,b{1..2,3}}", ["a", "b3", "b1..2"], ["b1", "b2"]),
        ("{a,b{1..2}}", ["a", "b1", "b2"], ["b3", "b"]),
        ("{2024,2025}-{01..12}/*", ["2024-01/a", "2025-12/b"], ["2026-01/a", "2024-13/a", "2024-1/a"]),
        ("{*.csv,x/**}", ["a.csv", "x/a/b"], ["y/a.csv", "y/a"]),
        ("a%20b/%C3%BC%2A.csv", ["a b/ü*.csv"], ["a b/üx.csv", "a%20b/ü*.csv"]),
        ("%7Ba,b%7D%3F", ["{a,b}?"], ["a?", "{a,b}x"]),
        ("a+b&c=%25%7B%7D", ["a+b&c=%{}"], ["a b&c=%{}"]),
        ("a,b", ["a,b"], ["a", "b"]),
        ("e\u{301}*", ["e\u{301}1"], ["\u{e9}1"]),
    ])
    func matches(pattern: String, matching: [String], others: [String]) throws {
        let glob = try KeyGlob(parsing: pattern)
        for key in matching { #expect(glob.matches(key), "\(pattern) \(key)") }
        for key in others { #expect(!glob.matches(key), "\(pattern) \(key)") }
        for key in matching { #expect(key.utf8.starts(with: glob.literalPrefix.utf8)) }
    }

    @Test(arguments: [
        ("a/b.csv", "a/b.csv", true), ("a/%20.csv", "a/ .csv", true), ("{a/b.csv}", "a/b.csv", true), ("{a,a}", "a", true),
        ("logs/2024/*", "logs/2024/", false), ("logs/{2024,2025}/x", "logs/202", false), ("logs/{2024,2024}/x*", "logs/2024/x", false),
        ("{abc,abd{1,2}}x", "ab", false), ("{01..09}/", "0", false), ("**", "", false), ("{a,b}", "", false), ("{a,ab}", "a", false),
        ("d/{,x}y", "d/", false), ("a?b", "a", false),
    ])
    func prefix(pattern: String, prefix: String, isExact: Bool) throws {
        let glob = try KeyGlob(parsing: pattern)
        #expect(glob.literalPrefix == prefix)
        #expect(glob.exactKey == (isExact ? prefix : nil))
    }

    @Test(arguments: [
        ("{a,b", "'{' without a '}'"), ("a}b", "'}' without a '{'"), ("{}", "empty braces"), ("{a..z}", "range {a..z}"),
        ("{1..x}", "range {1..x}"), ("{1..99999}", "more than 10000 alternatives"), ("{1..9999}{1..9999}", "more than 10000 alternatives"),
        ("100%", "write %25"), ("%zz", "write %25"), ("%FF", "not UTF-8"), (String(repeating: "{a,", count: 20), "deeper than 8"),
        (String(repeating: "a", count: 9000), "longer than 8192"),
    ])
    func refuses(pattern: String, message: String) throws {
        let error = try #require(throws: KeyGlobError.self) { try KeyGlob(parsing: pattern) }
        #expect(error.message.contains(message), "\(error.message)")
    }

    @Test func matchingTimeIsLinear() throws {
        // A backtracking matcher needs 2^n steps for these.
        let stars = try KeyGlob(parsing: String(repeating: "*a", count: 60) + "b")
        let anything = try KeyGlob(parsing: String(repeating: "**a", count: 60) + "b")
        let braces = try KeyGlob(parsing: String(repeating: "{a,aa}", count: 100) + "b")
        let key = String(repeating: "a", count: 1000)
        for _ in 0..<20 {
            #expect(!stars.matches(key))
            #expect(!anything.matches(key))
            #expect(!braces.matches(key))
        }
        #expect(stars.matches(key + "b"))
        #expect(braces.matches(String(repeating: "a", count: 150) + "b"))
    }

    @Test func aRangeOfManyNumbersStaysFast() throws {
        let glob = try KeyGlob(parsing: "part-{0000..9999}/*.json")
        var count = 0
        for number in 0..<20_000 where glob.matches("part-\(String(number + 100_000).dropFirst(number < 10_000 ? 2 : 1))/x.json") {
            count += 1
        }
        #expect(count == 10_000)
    }

    /// Against a matcher that is slow and obviously right.
    @Test func agreesWithBacktracking() throws {
        var random = SeededGenerator(seed: 42)
        let alphabet = Array("ab/")
        for _ in 0..<3000 {
            let pattern = (0..<Int.random(in: 0...7, using: &random)).map { _ in
                ["a", "b", "/", "?", "*", "**", "{a,b}", "{a,,b/}", "{*,a}", "{1..2}"].randomElement(using: &random) ?? ""
            }.joined()
            let glob = try KeyGlob(parsing: pattern)
            let expanded = Backtracking.expand(Backtracking.marked(pattern))
            for _ in 0..<8 {
                let key = String((0..<Int.random(in: 1...6, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "a" })
                let expected =
                    key.hasSuffix("/") ? false : expanded.contains { Backtracking.matches($0[...], key[...]) }
                #expect(glob.matches(key) == expected, "\(pattern) \(key)")
                if expected { #expect(key.hasPrefix(glob.literalPrefix)) }
            }
        }
    }
}

private enum Backtracking {
    /// `**` as one character, so that a `*` of a brace beside another stays two runs.
    static func marked(_ pattern: String) -> String {
        var result = ""
        for character in pattern {
            if character == "*", result.last == "*" || result.last == "#" {
                result.removeLast()
                result.append("#")
            } else {
                result.append(character)
            }
        }
        return result
    }

    static func expand(_ pattern: String) -> [String] {
        guard let open = pattern.firstIndex(of: "{"), let close = pattern[open...].firstIndex(of: "}") else { return [pattern] }
        let body = pattern[pattern.index(after: open)..<close]
        let parts = body == "1..2" ? ["1", "2"] : body.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        return parts.flatMap { expand(pattern[..<open] + $0 + pattern[pattern.index(after: close)...]) }
    }

    static func matches(_ pattern: Substring, _ key: Substring) -> Bool {
        guard let first = pattern.first else { return key.isEmpty }
        let rest = pattern.dropFirst()
        switch first {
        case "*", "#":
            var tail = key
            while true {
                if matches(rest, tail) { return true }
                guard let next = tail.first, first == "#" || next != "/" else { return false }
                tail = tail.dropFirst()
            }
        case "?": return key.first.map { $0 != "/" } ?? false ? matches(rest, key.dropFirst()) : false
        default: return key.first == first && matches(rest, key.dropFirst())
        }
    }
}
