import Crypto

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The files of the local server.
package struct ServerDirectory: Sendable {
    package let paths: ServerPaths

    package init(_ paths: ServerPaths) { self.paths = paths }

    /// What must stay the same from start to start.
    package struct Identity: Sendable, Hashable {
        package var password: String
        package var httpPort: Int
    }

    /// Makes directories and files; keeps the password and the port of the first time.
    package func prepare(_ configuration: EmbeddedServerConfiguration) throws(EmbeddedServerError) -> Identity {
        guard configuration.memoryShare > 0, configuration.memoryShare <= 1 else {
            throw EmbeddedServerError("memoryShare must be above 0 and at most 1")
        }
        guard (0...65535).contains(configuration.httpPort) else { throw EmbeddedServerError("httpPort must be from 0 to 65535") }
        for directory in paths.directories {
            do {
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw EmbeddedServerError("cannot create the directory \(directory): \(error)")
            }
        }
        let identity = Identity(password: try password(), httpPort: try port(configuration.httpPort))
        let hash = SHA256.hash(data: Array(identity.password.utf8)).map { hex($0) }.joined()
        try write(ServerConfigText.users(passwordSHA256: hash), to: paths.users)
        try write(
            ServerConfigText.server(
                paths: paths, httpPort: identity.httpPort, tcpPort: configuration.tcpPort, memoryShare: configuration.memoryShare),
            to: paths.config)
        try write(LauncherText.shell, to: paths.launcher)
        try write(LauncherText.chdb, to: paths.chdbLauncher)
        return identity
    }

    package func read(_ path: String) -> String? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    /// Writes a file that only its owner may read, whole or not at all.
    package func write(_ text: String, to path: String) throws(EmbeddedServerError) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("create", temporary) }
        defer { close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else { throw failure("protect", temporary) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { systemWrite(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure("write", temporary) }
            bytes = bytes.dropFirst(count)
        }
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw failure("write", path) }
    }

    private func password() throws(EmbeddedServerError) -> String {
        if let kept = read(paths.password), kept.utf8.count >= 32 { return kept }
        var generator = SystemRandomNumberGenerator()
        let fresh = (0..<32).map { _ in hex(UInt8.random(in: .min ... .max, using: &generator)) }.joined()
        try write(fresh, to: paths.password)
        return fresh
    }

    private func port(_ wanted: Int) throws(EmbeddedServerError) -> Int {
        if wanted != 0 { return wanted }
        if let kept = read(paths.httpPort).flatMap({ Int($0) }), (1...65535).contains(kept) { return kept }
        let fresh = try freePort()
        try write(String(fresh), to: paths.httpPort)
        return fresh
    }

    /// A port nobody listens on now.
    private func freePort() throws(EmbeddedServerError) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw EmbeddedServerError("cannot open a socket: errno \(errno)") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw EmbeddedServerError("cannot find a free port on 127.0.0.1: errno \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private func failure(_ verb: String, _ path: String) -> EmbeddedServerError {
        EmbeddedServerError("cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }

    private func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}

private func systemWrite(_ descriptor: Int32, _ base: UnsafeRawPointer?, _ count: Int) -> Int {
    guard let base else { return 0 }
    return write(descriptor, base, count)
}
