import PipeCore
import QueryEndpoints
import Testing

@Suite struct QueryFailureTests {
    @Test func theDocumentIsTheCloudsErrorBody() throws {
        let failure = QueryFailure(400, "62", "Syntax error: failed at position 1 ('x')")
        #expect(
            String(decoding: try JSONText.encode(failure.document), as: UTF8.self)
                == #"{"error":{"code":"62","details":"Syntax error: failed at position 1 ('x')"}}"#)
    }
}
