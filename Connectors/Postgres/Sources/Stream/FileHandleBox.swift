#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file that is written once, then read once.
final class FileHandleBox {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw PostgresError(message: "the scratch file \(path) cannot be made: \(String(cString: strerror(errno)))") }
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let written = Self.retrying { writeBytes(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done) }
                guard written > 0 else {
                    throw PostgresError(message: "a scratch file cannot be written: \(String(cString: strerror(errno)))")
                }
                done += written
            }
        }
    }

    /// Goes to the beginning.
    func reading() throws -> FileHandleBox {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw PostgresError(message: "a scratch file cannot be read") }
        return self
    }

    /// Empty at the end.
    func read(_ count: Int) throws -> [UInt8] {
        var buffer: [UInt8] = Array(repeating: 0, count: count)
        let length = Self.retrying { readBytes(descriptor, &buffer, count) }
        guard length >= 0 else { throw PostgresError(message: "a scratch file cannot be read: \(String(cString: strerror(errno)))") }
        return Array(buffer.prefix(length))
    }

    private static func retrying(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }
}

private func writeBytes(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int { write(descriptor, bytes, count) }
private func readBytes(_ descriptor: Int32, _ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Int { read(descriptor, bytes, count) }
