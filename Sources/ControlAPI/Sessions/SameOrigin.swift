private import HTTPTypes
package import Hummingbird

/// What keeps pages of other origins from using somebody's session.
package enum SameOrigin {
    package static let tokenHeader = HTTPField.Name("X-CSRF-Token")
    private static let site = HTTPField.Name("Sec-Fetch-Site")

    /// Throws 403 for a request that a page of another origin may have caused: browsers say where a request comes from
    /// (`Sec-Fetch-Site`), and a change carries the token of its session besides.
    package static func check(_ request: Request, _ session: ConsoleSession) throws {
        try check(request)
        guard request.method != .get, request.method != .head else { return }
        guard let header = tokenHeader, let token = request.headers[header], Digest.equal(token, session.csrfToken) else {
            throw APIError.forbidden("a change with a session needs its token in the header X-CSRF-Token; other clients send an API key")
        }
    }

    /// Throws 403 for a request of a page of another origin.
    package static func check(_ request: Request) throws {
        if let site, let from = request.headers[site], from != "same-origin", from != "none" {
            throw APIError.forbidden("a session of the console cannot be used from pages of other origins; use an API key")
        }
    }
}
