import HTTPTypes
import Hummingbird
import NIOCore
import NIOPosix

/// The console: one page at `/`, its modules below `/console/`.
struct ConsoleRoutes: Sendable {
    let files: ConsoleFiles?

    func add(to router: Router<APIContext>) {
        router.get("/") { request, _ in try await respond(request, "") }
        router.get("/console/**") { request, context in
            try await respond(request, context.parameters.getCatchAll().joined(separator: "/"))
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

    /// Whether `gzip` is among what is accepted, and not with the weight 0, which refuses it.
    private static func takesGzip(_ accepted: String) -> Bool {
        accepted.split(separator: ",").contains { element in
            let parts = element.split(separator: ";").map { $0.filter { $0 != " " }.lowercased() }
            return parts.first == "gzip" && !parts.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
        }
    }

    private func respond(_ request: Request, _ path: String) async throws -> Response {
        guard let files else {
            throw APIError.notFound(
                "the console's files are not installed; set console.directory in the configuration, or use the API under /v1")
        }
        // Reads, hashes and compresses: not on the connections' own threads.
        guard let file = try await NIOThreadPool.singleton.runIfActive({ files.file(path) }) else {
            throw APIError.notFound("\(request.method.rawValue) \(request.uri.path) is not part of the console")
        }
        // Asked for again each time and mostly answered with 304: a new release is seen at once.
        var headers: HTTPFields = [.contentType: file.contentType, .eTag: file.tag, .cacheControl: "no-cache", .vary: "Accept-Encoding"]
        for (name, value) in Self.safety {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if let known = request.headers[.ifNoneMatch], known.contains(file.tag) { return Response(status: .notModified, headers: headers) }
        if let gzip = file.gzip, let accepted = request.headers[.acceptEncoding], Self.takesGzip(accepted) {
            headers[.contentEncoding] = "gzip"
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: gzip)))
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }
}
