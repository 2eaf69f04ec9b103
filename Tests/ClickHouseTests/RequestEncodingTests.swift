import ClickHouse
import Testing

@Suite struct RequestEncodingTests {
    let connection = ClickHouseConnection(url: "http://127.0.0.1:8123", user: "u", password: "p&w", database: "d")

    @Test func credentialsAreHeadersNeverURL() {
        let request = RequestEncoding.encode(Statement("SELECT 1"), queryID: "q", connection: connection, statementInURL: false)
        #expect(request.target == "/?query_id=q")
        #expect(request.headers.map(\.name) == ["X-ClickHouse-User", "X-ClickHouse-Key", "X-ClickHouse-Database"])
        #expect(request.headers.map(\.value) == ["u", "p&w", "d"])
        // A database of the statement may hold what no header can.
        let other = RequestEncoding.encode(
            Statement("SELECT 1", settings: ["database": "a\u{1}é"]), queryID: "q", connection: connection, statementInURL: false)
        #expect(other.target == "/?query_id=q&database=a%01%C3%A9")
        #expect(other.headers.map(\.name) == ["X-ClickHouse-User", "X-ClickHouse-Key"])
    }

    @Test func everythingIsPercentEncoded() {
        var statement = Statement("INSERT INTO {t:Identifier} FORMAT CSV", parameters: ["t": "a b&c=ü"], settings: ["max_threads": "2"])
        statement.roles = ["r1", "r 2"]
        let request = RequestEncoding.encode(statement, queryID: "q", connection: connection, statementInURL: true)
        #expect(
            request.target
                == "/?query_id=q&query=INSERT%20INTO%20%7Bt%3AIdentifier%7D%20FORMAT%20CSV&max_threads=2&role=r1&role=r%202&param_t=a%20b%26c%3D%C3%BC"
        )
    }

    @Test func stringParametersAreEscapedIdentifiersAreNot() {
        let sql = "SELECT {s:String} FROM {t : Identifier}"
        #expect(RequestEncoding.parameterText("a\tb\n\\c", name: "s", sql: sql) == "a\\tb\\n\\\\c")
        #expect(RequestEncoding.parameterText("a\\b", name: "t", sql: sql) == "a\\b")
    }

    @Test func encodedParametersTravelAsTheyAreAndWin() {
        let statement = Statement("SELECT {a:Array(String)}", parameters: ["a": "lost"], encodedParameters: ["a": "['x\\'']"])
        let request = RequestEncoding.encode(statement, queryID: "q", connection: connection, statementInURL: false)
        #expect(request.target == "/?query_id=q&param_a=%5B%27x%5C%27%27%5D")
    }

    @Test(arguments: [
        ("http://h:1", true), ("https://h", true), ("http://[::1]:8123/", true), ("ftp://h", false), ("http://", false),
        ("http://u:p@h:1", false), ("http://h:1/path", false), ("http://h:0", false), ("http://h:99999", false), ("http://:80", false),
        ("http://h?x=1", false), ("http://h h", false),
    ])
    func addresses(url: String, isGood: Bool) {
        var connection = connection
        connection.url = url
        do throws(ClickHouseError) {
            _ = try connection.checkedOrigin()
            #expect(isGood)
        } catch {
            #expect(!isGood)
            #expect(error.code == .invalidConnection && error.disposition == .user)
        }
    }

    @Test func descriptionHidesThePassword() {
        #expect(!"\(connection)".contains("p&w"))
        #expect(!String(reflecting: connection).contains("p&w"))
        var dumped = ""
        dump(connection, to: &dumped)
        #expect(!dumped.contains("p&w"))
    }

    @Test func quoting() {
        #expect(Identifier.quoted("a`b\\c") == "`a\\`b\\\\c`")
        #expect(Literal.string("it's\n\\") == "'it\\'s\\n\\\\'")
    }

    @Test func summary() {
        let summary = QuerySummary(
            header:
                #"{"read_rows":"1","read_bytes":"2","written_rows":"3","written_bytes":"4","x":"9","result_rows":"5","elapsed_ns":"6000"}"#,
            queryID: "q")
        #expect(
            summary
                == QuerySummary(
                    readRows: 1, readBytes: 2, writtenRows: 3, writtenBytes: 4, resultRows: 5, elapsed: .microseconds(6), queryID: "q"))
        #expect(QuerySummary(header: nil, queryID: "q") == QuerySummary(queryID: "q"))
        #expect(QuerySummary(header: "nonsense", queryID: "q") == QuerySummary(queryID: "q"))
    }
}
