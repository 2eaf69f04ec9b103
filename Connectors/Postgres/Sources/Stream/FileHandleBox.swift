import PipeCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A file that is written once, then read once. It has no name: nothing is left of it when this program ends, however it does.
final class FileHandleBox {
    private let descriptor: Int32

    init(_ path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        if descriptor < 0 { throw Self.error("made") }
        _ = unlink(path)
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let written = Self.retrying { writeBytes(descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done) }
                guard written > 0 else { throw Self.error("written") }
                done += written
            }
        }
    }

    /// Goes to the beginning.
    func reading() throws -> FileHandleBox {
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw Self.error("read") }
        return self
    }

    /// Empty at the end.
    func read(_ count: Int) throws -> [UInt8] {
        try Array(unsafeUninitializedCapacity: count) { buffer, length in
            let space = UnsafeMutableRawPointer(buffer.baseAddress)
            let taken = Self.retrying { readBytes(descriptor, space, count) }
            guard taken >= 0 else { throw Self.error("read") }
            length = taken
        }
    }

    private static func error(_ what: String) -> PipeError {
        PipeError(
            .internalError, .retry, side: .penstock,
            "the file below the data directory that holds a large transaction until it commits cannot be \(what): \(String(cString: strerror(errno)))"
        )
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
