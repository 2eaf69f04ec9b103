import EndpointFiles
import Testing

@Suite struct EndpointFileTests {
    func problems(_ text: String, environment: [String: String] = [:]) -> [String] {
        do throws(InvalidFiles) {
            _ = try EndpointFile(text, file: "a.sql", defaultName: "a", environment: environment)
            return []
        } catch { return error.problems.map(\.description) }
    }

    @Test func theCommentFormAndTheDashFormAreTheSame() throws {
        let settings = "apiKeys: [dashboard, partner]\nparameters:\n  year: 2010\n"
        let sql = "SELECT {year:UInt16} -- the year\n"
        let comment = try EndpointFile("/* ---\n\(settings)--- */\n\n\(sql)", file: "f/top.sql", defaultName: "top", environment: [:])
        let dashes = try EndpointFile("\n---\n\(settings)---\n\(sql)", file: "f/top.sql", defaultName: "top", environment: [:])
        let windows = try EndpointFile(
            "\u{FEFF}/* ---\r\napiKeys: [dashboard, partner]\r\nparameters:\r\n  year: 2010\r\n--- */\r\n\(sql)", file: "f/top.sql",
            defaultName: "top", environment: [:])
        #expect(comment.name == "top" && comment.apiKeys == ["dashboard", "partner"] && comment.id == nil)
        #expect(windows.apiKeys == comment.apiKeys && windows.name == comment.name)
        #expect(dashes.name == comment.name && dashes.apiKeys == comment.apiKeys)
    }

    @Test(arguments: [
        ("", "a.sql:1: is empty"),
        ("SELECT 1", "a.sql:1: must begin with its settings"),
        ("\n\n/* hello */ SELECT 1", "a.sql:3: must begin with its settings"),
        ("/* ---\napiKeys: [k]\nSELECT 1", "a.sql:1: the settings that begin here have no end"),
        ("/* ---\napiKeys: [k]\n--- */\n\n", "a.sql:3: has no SQL"),
        ("/* ---\napiKeys: [k\n--- */\nSELECT 1", "a.sql:3: the settings are not YAML"),
        ("/* ---\n- k\n--- */\nSELECT 1", "a.sql:2: the settings must be"),
        ("/* ---\nname: x\n--- */\nSELECT 1", "a.sql:2: apiKeys is required"),
        ("/* ---\n\napiKeys: [k]\ncolour: red\n--- */\nSELECT 1", "a.sql:4: colour is not a known key"),
        ("/* ---\napiKeys: [k]\nlimits:\n  resultRows: 0\n--- */\nSELECT 1", "a.sql:4: limits.resultRows"),
        ("/* ---\napiKeys: [k]\nlimits:\n  rows: 1\n--- */\nSELECT 1", "a.sql:4: limits.rows is not a known key"),
        (
            "/* ---\napiKeys: [k]\nparameters:\n  a: 1\n  b: 2\n--- */\nSELECT {a:UInt8}",
            "a.sql:5: parameters.b is not a parameter of the SQL"
        ),
        ("/* ---\napiKeys: [k]\nparameters:\n  a: 300\n--- */\nSELECT {a:UInt8}", "a.sql:4: parameters.a is not a value of type UInt8"),
        ("/* ---\napiKeys: [k]\n--- */\n\nSELECT 1,\n  'open", "a.sql:6:"),
        (
            "/* ---\napiKeys: [k]\ncacheSeconds: 5\n--- */\nINSERT INTO t VALUES (1)",
            "a.sql:3: cacheSeconds is only for statements that read"
        ),
        ("/* ---\napiKeys: []\n--- */\nSELECT 1", "a.sql:2: apiKeys"),
        ("/* ---\napiKeys: [k]\ntokens:\n  algorithm: none\n--- */\nSELECT 1", "a.sql:4: tokens.algorithm"),
        (
            "/* ---\napiKeys: [k]\ntokens:\n  algorithm: RS256\n  keySetURL: http://evil.example/\n--- */\nSELECT 1",
            "a.sql:5: tokens.keySetURL"
        ),
    ])
    func aProblemHasItsLine(_ text: String, _ expected: String) {
        let found = problems(text)
        #expect(found.count == 1 && found[0].hasPrefix(expected), "\(found)")
    }

    @Test func allProblemsOfAFileAreTold() {
        let text = "/* ---\ncolour: red\nanswerVersion: 3\nallowedOrigins: nowhere\n--- */\nSELECT {x UInt8}"
        #expect(problems(text).count == 5, "\(problems(text))")
    }

    @Test func secretsComeFromTheEnvironmentOnly() throws {
        func text(_ secret: String) -> String { "/* ---\napiKeys: [k]\ntokens:\n  algorithm: HS256\n  secret: \(secret)\n--- */\nSELECT 1" }
        let long = "a secret of more than thirty-two bytes"
        let literal = problems(text(long))
        #expect(literal.count == 1 && literal[0].hasPrefix("a.sql:5: tokens.secret must be ${NAME}") && !literal[0].contains(long))
        #expect(problems(text("${SHOP_SECRET}")).first?.contains("SHOP_SECRET, which is not set") == true)
        #expect(problems(text("${SHOP_SECRET}"), environment: ["SHOP_SECRET": long]) == [])
        let short = problems(text("${SHOP_SECRET}"), environment: ["SHOP_SECRET": "hush"])
        #expect(short.count == 1 && !short[0].contains("hush"))
    }
}
