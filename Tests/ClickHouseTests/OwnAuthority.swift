import Foundation
import NIOSSL

/// A certificate authority made for one test, with a certificate for `localhost` (not for 127.0.0.1), by the openssl command.
struct OwnAuthority {
    struct Failure: Error { var arguments: [String], status: Int32 }

    static let openssl = ["/usr/bin/openssl", "/usr/local/bin/openssl"].first { FileManager.default.isExecutableFile(atPath: $0) }

    let directory: String
    var caFile: String { directory + "/ca.pem" }

    /// Hands a new authority to `body` and removes its files afterwards.
    static func with<Result>(_ body: (OwnAuthority) async throws -> Result) async throws -> Result {
        let authority = OwnAuthority(directory: NSTemporaryDirectory() + "penstock-ca-" + UUID().uuidString)
        try FileManager.default.createDirectory(atPath: authority.directory, withIntermediateDirectories: true)
        let result: Swift.Result<Result, any Error>
        do {
            try authority.make()
            result = .success(try await body(authority))
        } catch {
            result = .failure(error)
        }
        try FileManager.default.removeItem(atPath: authority.directory)
        return try result.get()
    }

    private func make() throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        try run(["req", "-x509", "-days", "2", "-subj", "/CN=Penstock test authority", "-keyout", "ca.key", "-out", "ca.pem"] + key)
        try run(["req", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr"] + key)
        try "subjectAltName=DNS:localhost\n".write(toFile: directory + "/names", atomically: true, encoding: .utf8)
        try run([
            "x509", "-req", "-days", "2", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "1", "-extfile", "names",
            "-out", "server.pem",
        ])
    }

    /// For a server that shows the certificate for `localhost`.
    func serverContext() throws -> NIOSSLContext {
        try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(directory + "/server.pem").map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: directory + "/server.key", format: .pem))))
    }

    private func run(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.openssl ?? "/usr/bin/openssl")
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failure(arguments: arguments, status: process.terminationStatus) }
    }
}
