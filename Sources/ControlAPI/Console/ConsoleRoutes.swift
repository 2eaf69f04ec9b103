import HTTPTypes
import Hummingbird
import NIOCore

/// The console: one page at `/`, its modules below `/console/`.
struct ConsoleRoutes: Sendable {
    let files: ConsoleFiles?

    func add(to router: Router<APIContext>) {
        router.get("/") { request, _ in try respond(request, "") }
        router.get("/console/**") { request, context in
            try respond(request, context.parameters.getCatchAll().joined(separator: "/"))
        }
    }

    /// Scripts and styles of this server only, no inline code, no other place to send anything to, no frame around it.
    private static let policy = [
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
    ].joined(separator: "; ")

    private static let safety: [(String, String)] = [
        ("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer"), ("X-Frame-Options", "DENY"),
        ("Cross-Origin-Opener-Policy", "same-origin"), ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
    ]

    private func respond(_ request: Request, _ path: String) throws -> Response {
        guard let files else {
            throw APIError.notFound(
                "the console's files are not installed; set console.directory in the configuration, or use the API under /v1")
        }
        guard let file = files.file(path) else {
            throw APIError.notFound("\(request.method.rawValue) \(request.uri.path) is not part of the console")
        }
        // Asked for again each time and mostly answered with 304: a new release is seen at once.
        var headers: HTTPFields = [.contentType: file.contentType, .eTag: file.tag, .cacheControl: "no-cache", .vary: "Accept-Encoding"]
        for (name, value) in Self.safety {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if let known = request.headers[.ifNoneMatch], known.contains(file.tag) { return Response(status: .notModified, headers: headers) }
        if let gzip = file.gzip, request.headers[.acceptEncoding]?.contains("gzip") == true {
            headers[.contentEncoding] = "gzip"
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: gzip)))
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }
}
