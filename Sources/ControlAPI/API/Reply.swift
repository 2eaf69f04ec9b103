package import HTTPTypes
package import Hummingbird
private import NIOCore
package import PipeCore

extension APIContext {
    /// The success envelope: `{"status":200,"requestId":"…","result":…}`.
    ///
    /// A nil `result` leaves the member out, as DELETE does. `extra` are further members of the envelope, such as
    /// `nextCursor`. Null members anywhere in the result are left out.
    package func reply(
        _ result: JSONValue?, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:], extra: [String: JSONValue] = [:]
    ) throws -> Response {
        var envelope = extra
        envelope["status"] = .integer(Int64(status.code))
        envelope["requestId"] = .string(requestID)
        if let result { envelope["result"] = result.withoutNulls }
        return try .json(.object(envelope), status: status, headers: headers)
    }
}

extension Response {
    /// A JSON body with its content type.
    package static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/json; charset=utf-8"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONText.encode(value))))
    }
}

extension JSONValue {
    /// This value without the null members of its objects; nulls in arrays stay.
    package var withoutNulls: JSONValue {
        switch self {
        case .object(let members):
            .object(members.filter { !$0.value.isNull }.mapValues(\.withoutNulls))
        case .array(let elements): .array(elements.map(\.withoutNulls))
        default: self
        }
    }
}
