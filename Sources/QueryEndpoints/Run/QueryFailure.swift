public import PipeCore

/// Why a call was not answered: the body `{"error":{"code":…,"details":…}}` and its HTTP status.
///
/// `details` is written for the caller: never the host, user or stack of the ClickHouse behind the endpoint.
public struct QueryFailure: Error, Hashable, Sendable {
    /// 400 the caller's input, 401 credentials, 403 permission, 404 no such endpoint, 405 method, 413 body, 429 limits, 502 the
    /// ClickHouse behind refuses Penstock, 503 it cannot be reached or is out of resources, 504 time is up, 500 a defect.
    public var status: Int
    /// A ClickHouse error number as text, or a word of Penstock's own such as `INVALID_PARAMETER`.
    public var code: String
    public var details: String
    /// Further headers of the answer, for example `Retry-After`.
    public var headers: [String: String]

    public init(_ status: Int, _ code: String, _ details: String, headers: [String: String] = [:]) {
        self.status = status
        self.code = code
        self.details = details
        self.headers = headers
    }

    public var document: JSONValue { ["error": ["code": .string(code), "details": .string(details)]] }

    /// An INSERT without rows of its own was called without a body.
    public static let bodyExpected = QueryFailure(
        400, "BODY_EXPECTED", "this endpoint inserts the rows of the request's body, which is empty")
}
