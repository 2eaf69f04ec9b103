internal import FoundationEssentials

/// A row of the log as it is read.
struct LoggedCall: Decodable, Sendable {
    static let columns = """
        toUnixTimestamp64Milli(timestamp) AS time, request_id, version, key_id, token_subject, status, error_code, error_class, \
        first_byte_ms, duration_ms, read_rows, read_bytes, result_rows, result_bytes, cache, format, query_id, parameter_hash, \
        client_address
        """

    var time: Int64
    var request_id: String
    var version: Int
    var key_id: String
    var token_subject: String
    var status: Int
    var error_code: String
    var error_class: String
    var first_byte_ms: Double?
    var duration_ms: Double
    var read_rows: Int
    var read_bytes: Int
    var result_rows: Int
    var result_bytes: Int
    var cache: String
    var format: String
    var query_id: String
    var parameter_hash: String
    var client_address: String

    func record(service: String, endpoint: String?) -> CallRecord {
        func text(_ value: String) -> String? { value.isEmpty ? nil : value }
        return CallRecord(
            requestID: request_id, time: Date(timeIntervalSince1970: Double(time) / 1000), serviceID: service, endpointID: endpoint,
            version: version, keyID: text(key_id), tokenSubject: text(token_subject), status: status,
            // A class of a later release is still a failure.
            failure: text(error_class).map { .init(error_code, CallRecord.ErrorClass(rawValue: $0) ?? .upstream) },
            firstByte: first_byte_ms.map { .milliseconds($0) }, total: .milliseconds(duration_ms), readRows: read_rows,
            readBytes: read_bytes, resultRows: result_rows, resultBytes: result_bytes, cache: CallRecord.CacheUse(rawValue: cache) ?? .none,
            format: format, queryID: query_id, parameterHash: parameter_hash, clientAddress: text(client_address))
    }
}
