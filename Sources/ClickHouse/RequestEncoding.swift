/// One HTTP request to ClickHouse as values; no I/O.
package struct EncodedRequest: Sendable, Hashable {
    /// Path and query, beginning with `/?`.
    package var target: String
    package var headers: [Header]

    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: String
    }
}

package enum RequestEncoding {
    /// - Parameter statementInURL: true when the body is data, so the statement goes into the `query` URL parameter.
    package static func encode(
        _ statement: Statement, queryID: String, connection: ClickHouseConnection, statementInURL: Bool
    ) -> EncodedRequest {
        var query = URLQuery()
        query.append("query_id", queryID)
        if statementInURL { query.append("query", statement.sql) }
        for (name, value) in statement.settings.sorted(by: { $0.key < $1.key }) { query.append(name, value) }
        for role in statement.roles { query.append("role", role) }
        for (name, value) in statement.encodedParameters.sorted(by: { $0.key < $1.key }) { query.append("param_" + name, value) }
        for (name, value) in statement.parameters.sorted(by: { $0.key < $1.key }) where statement.encodedParameters[name] == nil {
            query.append("param_" + name, parameterText(value, name: name, sql: statement.sql))
        }
        var headers: [EncodedRequest.Header] = [
            .init(name: "X-ClickHouse-User", value: connection.user),
            .init(name: "X-ClickHouse-Key", value: connection.password),
        ]
        // The header would win over the parameter `database` of a statement, which can hold any character.
        if statement.settings["database"] == nil { headers.append(.init(name: "X-ClickHouse-Database", value: connection.database)) }
        return EncodedRequest(target: "/?" + query.text, headers: headers)
    }

    /// ClickHouse reads a parameter as one escaped tab-separated field, except an `Identifier`, which it takes literally
    /// (both tried on 25.8).
    package static func parameterText(_ value: String, name: String, sql: String) -> String {
        let needsEscape = value.utf8.contains { $0 == 0x5C || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D || $0 == 0 }
        guard needsEscape, !isIdentifier(name, in: sql) else { return value }
        var result = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\0": result.append(contentsOf: "\\0".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// Whether the statement has `{name:Identifier}`, spaces allowed.
    private static func isIdentifier(_ name: String, in sql: String) -> Bool {
        sql.split(separator: "{").contains { part in
            guard let end = part.firstIndex(of: "}") else { return false }
            let halves = part[..<end].split(separator: ":", maxSplits: 1).map { $0.filter { !$0.isWhitespace } }
            return halves.count == 2 && halves[0] == name && halves[1] == "Identifier"
        }
    }
}

/// The query part of a URL, percent-encoded byte by byte.
struct URLQuery {
    private var bytes: [UInt8] = []
    private static let digits = Array("0123456789ABCDEF".utf8)

    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func append(_ name: String, _ value: String) {
        if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
        encode(name)
        bytes.append(UInt8(ascii: "="))
        encode(value)
    }

    private mutating func encode(_ part: String) {
        for byte in part.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes.append(Self.digits[Int(byte >> 4)])
                bytes.append(Self.digits[Int(byte & 15)])
            }
        }
    }
}
