import Catalog
import PipeCore
import QueryEndpoints
import Testing

@Suite struct RequestOptionsTests {
    private func options(_ query: String, _ limits: EndpointLimits = EndpointLimits()) throws -> RequestOptions {
        try RequestOptions(QueryString(query[...]), settings: SettingsPolicy(limits))
    }

    /// The failure of `work`; nil when it succeeds.
    private func failure(_ work: () throws -> Void) -> QueryFailure? {
        do {
            try work()
            return nil
        } catch {
            return error as? QueryFailure
        }
    }

    @Test func everythingOfTheURLIsRead() throws {
        let options = try options(
            "format=CSV&param_a=x%20y+z&param_b=%D0%B6&request_timeout=1500&max_threads=8&&output_format_json_quote_denormals=1")
        #expect(options.format == "CSV")
        #expect(options.parameters == ["a": .text("x y z"), "b": .text("ж")])
        #expect(options.timeout == .milliseconds(1500))
        #expect(options.settings == ["max_threads": "8", "output_format_json_quote_denormals": "1"])
    }

    @Test(arguments: [
        "max_threads=8,", "max_threads=", "max_threads=-1", "readonly=0", "user=default", "password=", "role=admin", "profile=x",
        "database=x",
        "query=select", "query_id=1", "session_id=1", "quota_key=x", "log_comment=x", "stacktrace=1", "default_format=CSV", "SQL_tenant=1",
        "add_http_cors_header=1", "http_response_headers=x", "input_format_record_errors_file_path=x", "output_format_schema=x",
        "nonsense=1",
        "request_timeout=abc", "request_timeout=0", "request_timeout=-5", "request_timeout=99999999999", "format=", "param_a=%zz",
        "param_a=%ff", "param_a=1&param_a=2", "format=CSV&format=JSON", "max_threads=1&max_threads=2", "=1",
        "max_threads=99999999999999999999",
    ])
    func whatIsNotAllowedIsRefusedByName(query: String) {
        let failure = failure { _ = try options(query) }
        #expect(failure?.status == 400)
        #expect(failure?.details.isEmpty == false)
    }

    @Test func limitsOfTheEndpointCannotBeExceeded() throws {
        let limits = EndpointLimits(executionMilliseconds: 2500, resultRows: 10)
        #expect(
            try options("max_execution_time=100&max_result_rows=0", limits).settings == [
                "max_execution_time": "3", "max_result_rows": "10",
            ])
        #expect(
            try options("max_execution_time=1&max_result_rows=5", limits).settings == ["max_execution_time": "1", "max_result_rows": "5"])
    }

    @Test func anEndpointCanAllowMoreButNeverWhatIsDenied() throws {
        let limits = EndpointLimits(settings: ["optimize_read_in_order", "readonly", "SQL_tenant"])
        #expect(try options("optimize_read_in_order=1", limits).settings == ["optimize_read_in_order": "1"])
        #expect(failure { _ = try options("readonly=0", limits) }?.details.contains("readonly") == true)
        #expect(failure { _ = try options("SQL_tenant=1", limits) }?.details.contains("SQL_tenant") == true)
    }

    @Test func bodyAndURLAreJoined() throws {
        var options = try options("param_a=1&format=CSV")
        try options.add(["queryVariables": ["a": 1, "b": [[1, 2], []], "c": .null], "format": "JSON", "more": 1])
        #expect(options.format == "CSV")
        #expect(options.parameters == ["a": .text("1"), "b": .json([[1, 2], []]), "c": .json(.null)])
        var other = try self.options("param_a=1")
        #expect(failure { try other.add(["queryVariables": ["a": 2]]) }?.details.contains("param_a") == true)
        for body: JSONValue in [[1], "x", ["queryVariables": [1]], ["format": 1], ["format": ""]] {
            var options = RequestOptions()
            #expect(failure { try options.add(body) }?.status == 400)
        }
    }

    @Test func numbersKeepEveryDigit() throws {
        let text =
            #"{"a": 18446744073709551615, "b": 1.25, "c": 0.12345678901234567890, "d": -7, "e": 1e3, "f": [123456789012345678901234567890]}"#
        #expect(
            try RequestOptions.document(text.utf8) == [
                "a": .exactNumber("18446744073709551615"), "b": 1.25, "c": .exactNumber("0.12345678901234567890"), "d": -7, "e": 1000,
                "f": [.exactNumber("123456789012345678901234567890")],
            ])
        #expect(try RequestOptions.document(#""\ud83d\ude00\n\"é""#.utf8) == "😀\n\"é")
    }

    @Test(arguments: [
        "", "{", "{\"a\":1,}", "[1 2]", "nul", "01", "1.", "\"\\x\"", "\"\u{1}\"", "{\"a\":1,\"a\":2}", "\"\\ud800\"", "1 2", "{a:1}",
        String(repeating: "[", count: 1000),
    ])
    func whatIsNotJSONIsRefused(text: String) {
        #expect(failure { _ = try RequestOptions.document(text.utf8) }?.code == "INVALID_BODY")
    }
}
