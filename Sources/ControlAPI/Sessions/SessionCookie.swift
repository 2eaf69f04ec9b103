private import HTTPTypes
package import Hummingbird

/// The cookie that holds a session's token: out of reach of scripts, never sent from pages of other sites.
package enum SessionCookie {
    /// Cookies know no ports: two Penstocks on one host must not sign each other out.
    static func name(_ request: Request) -> String {
        guard let authority = request.head.authority, let colon = authority.lastIndex(of: ":"),
            let port = UInt16(authority[authority.index(after: colon)...])
        else { return "penstock-session" }
        return "penstock-session-\(port)"
    }

    /// The token that a request brings.
    package static func token(of request: Request) -> String? {
        guard let header = request.headers[.cookie] else { return nil }
        let name = name(request)
        for pair in header.split(separator: ";") {
            let pair = pair.drop { $0 == " " }
            if let equals = pair.firstIndex(of: "="), pair[..<equals] == name { return String(pair[pair.index(after: equals)...]) }
        }
        return nil
    }

    /// The token of the session that a request acts by: credentials in the header `Authorization` come first.
    package static func acting(for request: Request) -> String? {
        request.headers[.authorization] == nil ? token(of: request) : nil
    }

    /// Whether a page sent the request by itself and nobody did anything for it (`X-Unasked`).
    package static func isUnasked(_ request: Request) -> Bool { unasked.map { request.headers[$0] != nil } ?? false }

    private static let unasked = HTTPField.Name("X-Unasked")

    /// The value of `Set-Cookie` that gives a token, or takes it away. It ends with the browser; the server ends it earlier.
    package static func header(_ token: String?, for request: Request, isSecure: Bool) -> String {
        "\(name(request))=\(token ?? ""); Path=/; HttpOnly; SameSite=Strict" + (isSecure ? "; Secure" : "")
            + (token == nil ? "; Max-Age=0" : "")
    }
}
