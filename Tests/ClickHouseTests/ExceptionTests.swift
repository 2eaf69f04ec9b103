import ClickHouse
import NIOCore
import Testing

@Suite struct ServerExceptionTests {
    @Test func plain() throws {
        let exception = try #require(
            ServerException("Code: 60. DB::Exception: Unknown table expression identifier 'a.b' (c). (UNKNOWN_TABLE) (version 25.8.2.1)\n"))
        #expect(exception.code == 60)
        #expect(exception.name == "UNKNOWN_TABLE")
        #expect(exception.message == "Unknown table expression identifier 'a.b' (c).")
    }

    @Test func officialBuildAndStack() throws {
        let exception = try #require(
            ServerException(
                "Code: 210. DB::NetException: Connection refused (h:1). (NETWORK_ERROR), Stack trace (when copying this message):\n\n0. x() (version 24.8.1.1 (official build))"
            ))
        #expect(exception.code == 210)
        #expect(exception.name == "NETWORK_ERROR")
        #expect(exception.message == "Connection refused (h:1).")
        let official = try #require(ServerException("Code: 62. DB::Exception: Syntax. (SYNTAX_ERROR) (version 24.8.1.1 (official build))"))
        #expect(official.message == "Syntax." && official.name == "SYNTAX_ERROR")
    }

    @Test func foreignAndNone() throws {
        let poco = try #require(ServerException("Poco::Exception. Code: 1000, e.code() = 111, Connection refused (version 25.8.2.1)"))
        #expect(poco.code == 1000 && poco.name == nil && poco.message == "e.code() = 111, Connection refused")
        #expect(ServerException("<html>502</html>") == nil)
    }

    @Test func secretsAreErased() {
        let error = ClickHouseError.server(
            text: "Code: 62. DB::Exception: failed at 'hunter2' and it\\'s. (SYNTAX_ERROR) (version 25.8.2.1)", header: 62, status: 400,
            queryID: "q", secrets: ["hunter2", "it's", ""])
        #expect(error.message == "failed at '[HIDDEN]' and [HIDDEN].")
        #expect(error.code == .syntaxError && error.disposition == .user && !error.isMaybeApplied && error.httpStatus == 400)
        #expect(error.description == "ClickHouse error 62 (SYNTAX_ERROR)")
    }

    @Test func answersThatAreNotClickHouse() {
        let gateway = ClickHouseError.server(text: "<html>", header: nil, status: 502, queryID: "q", secrets: [])
        #expect(gateway.code == .unexpectedAnswer && gateway.disposition == .retryable)
        let other = ClickHouseError.server(text: "", header: nil, status: 301, queryID: "q", secrets: [])
        #expect(other.disposition == .user)
    }
}

@Suite struct ErrorDispositionTests {
    typealias Code = ClickHouseError.Code

    @Test(arguments: [
        3, 159, 198, 201, 202, 203, 209, 210, 236, 241, 242, 243, 252, 254, 265, 279, 285, 286, 289, 297, 319, 364, 384, 394, 425, 745, 999,
        1000, 1001,
    ])
    func passing(number: Int) { #expect(Code(rawValue: number).disposition == .retryable) }

    @Test(arguments: [6, 7, 20, 25, 26, 27, 32, 33, 38, 41, 53, 72, 117, 131, 321, 349, 407, 469, 691])
    func badData(number: Int) {
        #expect(Code(rawValue: number).disposition == .user)
        #expect(!Code(rawValue: number).stopsBeforeRunning)
    }

    @Test(arguments: [46, 47, 50, 60, 62, 73, 81, 115, 164, 192, 193, 194, 195, 291, 392, 456, 457, 497, 516])
    func refusals(number: Int) {
        #expect(Code(rawValue: number).disposition == .user)
        #expect(Code(rawValue: number).stopsBeforeRunning)
    }

    @Test(arguments: [16, 43, 44, 80, 107, 277, 352]) func badStatements(number: Int) {
        #expect(Code(rawValue: number).disposition == .user)
    }

    @Test(arguments: [158, 307, 359, 396]) func limits(number: Int) { #expect(Code(rawValue: number).disposition == .user) }

    @Test func ownFaultsAndUnknown() {
        #expect(Code(rawValue: 49).disposition == .bug)
        #expect(Code(rawValue: 987_654).disposition == .retryable)
    }

    @Test func local() {
        #expect(
            Code.connectFailed.disposition == .retryable && Code.connectionLost.disposition == .retryable
                && Code.timedOut.disposition == .retryable)
        #expect(Code.invalidConnection.disposition == .user && Code.tlsFailed.disposition == .user)
        #expect(Code.clientShutDown.disposition == .bug)
    }

    @Test func objectStoresSayMoreInText() {
        let denied = ClickHouseError.server(
            text: "Code: 499. DB::Exception: Access Denied. (S3_ERROR) (version 25.8.2.1)", header: 499, status: 500, queryID: "q",
            secrets: [])
        #expect(denied.disposition == .user)
        let slow = ClickHouseError.server(
            text: "Code: 499. DB::Exception: SlowDown. (S3_ERROR) (version 25.8.2.1)", header: 499, status: 500, queryID: "q", secrets: [])
        #expect(slow.disposition == .retryable)
    }
}

@Suite struct ExceptionScannerTests {
    static let text = "Code: 395. DB::Exception: Value \"x\"\\1 <a>. (FUNCTION_THROW) (version 25.8.2.1)"

    /// What comes out when the bytes arrive in pieces of `size`.
    func scan(_ bytes: String, format: String, tag: String? = nil, aborted: Bool, size: Int) -> (data: String, exception: String?) {
        var scanner = ExceptionScanner(format: format, tag: tag)
        var data = ""
        var rest = ByteBuffer(string: bytes)
        while rest.readableBytes > 0 {
            if let piece = rest.readSlice(length: min(size, rest.readableBytes)), let out = scanner.push(piece) {
                data += String(buffer: out)
            }
        }
        switch scanner.finish(aborted: aborted) {
        case .complete(let held):
            if let held { data += String(buffer: held) }
            return (data, nil)
        case .exception(let exception): return (data, exception)
        }
    }

    @Test(arguments: [1, 2, 7, 13, 14, 15, 1000])
    func markerOf25_8(size: Int) {
        let result = scan("0\n0\n__exception__\r\n\(Self.text)\n", format: "TSV", aborted: true, size: size)
        #expect(result.data == "0\n0\n")
        #expect(result.exception == Self.text + "\n")
    }

    @Test(arguments: [1, 5, 16, 1000])
    func markerWithTag(size: Int) {
        let body = "0\n__exception__\r\nabcdefghijklmnop\r\n\(Self.text)\n\(Self.text.utf8.count) abcdefghijklmnop\r\n__exception__\r\n"
        let result = scan(body, format: "RowBinary", tag: "abcdefghijklmnop", aborted: true, size: size)
        #expect(result.data == "0\n")
        #expect(result.exception == Self.text)
        // Without the right tag it is data.
        #expect(scan(body, format: "RowBinary", tag: "ponmlkjihgfedcba", aborted: false, size: size).data == body)
    }

    @Test(arguments: [1, 9, 1000])
    func jsonFormats(size: Int) {
        let json = Self.text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let line = scan("{\"x\":0}\n{\"exception\": \"\(json)\"}\n", format: "JSONEachRow", aborted: false, size: size)
        #expect(line.data == "{\"x\":0}\n" && line.exception == Self.text)
        let array = scan("[0]\n[\"\(json)\"]\n", format: "JSONCompactEachRow", aborted: false, size: size)
        #expect(array.data == "[0]\n" && array.exception == Self.text)
        let member = scan("{\n\t\"data\": [],\n\n\t\"exception\": \"\(json)\"\n}\n", format: "JSON", aborted: false, size: size)
        #expect(member.exception == Self.text)
        let xml = scan(
            "<result>\n\t<exception>Code: 1. DB::Exception: a &lt; b</exception>\n</result>\n", format: "XML", aborted: false, size: size)
        #expect(xml.exception == "Code: 1. DB::Exception: a < b")
    }

    @Test(arguments: [1, 6, 1000])
    func dataThatLooksAlikePassesUntouched(size: Int) {
        for body in [
            "__exception__\r\n", "__exception__\r\nCode: ", "a__exc__exception__\r\nCode: 1. DB::Exception: x\nmore rows",
            "{\"exception\":\"\(Self.text)\"}\n", "{\"exception\": \"Code: 1\"}\n{\"x\":1}\n",
        ] {
            let result = scan(body, format: "JSONEachRow", aborted: false, size: size)
            #expect(result.data == body)
            #expect(result.exception == nil)
        }
    }
}
