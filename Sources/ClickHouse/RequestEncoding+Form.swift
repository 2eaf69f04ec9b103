import NIOCore

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A request with its body.
struct EncodedForm: Sendable {
    var request: EncodedRequest
    var body: ByteBuffer
}

extension RequestEncoding {
    /// Parameters longer than this together travel in the body, so that the URL stays short: servers and proxies cut long ones off.
    static let mostParameterBytesInURL = 4 << 10

    /// The longest value of one form field that ClickHouse takes (`http_max_field_value_size`, as configured by default).
    package static let longestParameter = 128 << 10

    static func needsForm(_ statement: Statement) -> Bool {
        var bytes = 0
        for value in statement.encodedParameters.values { bytes += value.utf8.count }
        for value in statement.parameters.values { bytes += value.utf8.count }
        return bytes > mostParameterBytesInURL
    }

    /// Statement and parameters as `multipart/form-data`; settings and roles in the URL.
    static func encodeForm(_ statement: Statement, queryID: String, connection: ClickHouseConnection) -> EncodedForm {
        var bare = statement
        bare.parameters = [:]
        bare.encodedParameters = [:]
        // A statement that is longer than a form field may be goes into the URL, which may be longer than that.
        let isInURL = statement.sql.utf8.count > longestParameter - 1
        var request = encode(bare, queryID: queryID, connection: connection, statementInURL: isInURL)
        let boundary = "penstock-" + UUID().uuidString
        request.headers.append(.init(name: "Content-Type", value: "multipart/form-data; boundary=\(boundary)"))
        var body = ByteBuffer()
        func add(_ name: String, _ value: String) {
            body.writeString("--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n")
        }
        if !isInURL { add("query", statement.sql) }
        for (name, value) in statement.encodedParameters { add("param_" + name, value) }
        for (name, value) in statement.parameters where statement.encodedParameters[name] == nil {
            add("param_" + name, parameterText(value, name: name, sql: statement.sql))
        }
        body.writeString("--\(boundary)--\r\n")
        return EncodedForm(request: request, body: body)
    }
}
