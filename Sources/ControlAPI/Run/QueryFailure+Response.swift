import HTTPTypes
import Hummingbird
import NIOCore
import PipeCore
import QueryEndpoints

extension QueryFailure {
    /// The same refusal in the words of the running routes.
    init(_ error: APIError) {
        var headers: [String: String] = [:]
        for field in error.headers { headers[field.name.rawName] = field.value }
        self.init(Int(error.status.code), error.code, error.message, headers: headers)
    }

    /// - Parameter bare: a refused key is told as text, `{"error":"…"}`. The official client takes an error with a code for one of the SQL,
    ///   and binds its key to the service only after a refusal without.
    func response(bare: Bool = false) -> Response {
        var fields = HTTPFields()
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        fields[.contentType] = "application/json; charset=utf-8"
        let isRefusedKey = code == "UNAUTHORIZED" || code == "FORBIDDEN"
        let text =
            (try? JSONText.encode(bare && isRefusedKey ? ["error": .string(details)] : document))
            ?? Array(#"{"error":{"code":"INTERNAL_ERROR","details":""}}"#.utf8)
        return Response(
            status: HTTPResponse.Status(code: status), headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(bytes: text)))
    }
}
