#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

/// The file that holds the sealing key: readable by its owner only, and either complete or absent.
enum KeyFile {
    /// Nil when there is no such file.
    static func read(_ path: String) throws(CatalogError) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw trouble("read", path)
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw trouble("read", path) }
        guard status.st_mode & 0o077 == 0 else {
            throw CatalogError(.unusableKey, "The sealing key file \(path) can be read by others; run: chmod 600 \(path)")
        }
        // A key is 44 characters; what is longer than this buffer is no key and fails as one.
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { Self.read(file, $0) }
        guard count >= 0 else { throw trouble("read", path) }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// Makes the file in one step; does nothing when another process was faster.
    static func create(_ path: String, contents: String) throws(CatalogError) {
        let draft = "\(path).\(getpid()).new"
        unlink(draft)
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw trouble("create", path) }
        defer { unlink(draft) }
        let bytes = Array(contents.utf8)
        let isWritten = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == bytes.count && fsync(file) == 0
        guard close(file) == 0, isWritten else { throw trouble("write", path) }
        guard link(draft, path) == 0 || errno == EEXIST else { throw trouble("create", path) }
        try PrivateFiles.syncDirectory(of: path)
    }

    private static func read(_ file: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        while filled < buffer.count {
            let count = recv(file, into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
            if count < 0 { return -1 }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    private static func recv(_ file: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.read(file, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            Musl.read(file, buffer.baseAddress, buffer.count)
        #else
            Darwin.read(file, buffer.baseAddress, buffer.count)
        #endif
    }

    private static func trouble(_ verb: String, _ path: String) -> CatalogError {
        CatalogError(.unusableKey, "Cannot \(verb) the sealing key file \(path): \(String(cString: strerror(errno)))")
    }
}
