import FoundationEssentials
import Glibc

/// The folder that belongs to one running Penstock: made private, locked while the process lives.
struct DataDirectory: ~Copyable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    let path: String
    private let lock: Int32

    /// Makes the folder (mode 0700) and locks it. The lock is the kernel's: it goes with the process, however that ends.
    init(_ path: String) throws {
        let absolute = URL(filePath: path, directoryHint: .isDirectory).path
        self.path = absolute.count > 1 && absolute.hasSuffix("/") ? String(absolute.dropLast()) : absolute
        do {
            try FileManager.default.createDirectory(
                atPath: self.path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure(description: "cannot make the data directory \(self.path): \(error)")
        }
        let descriptor = open(self.path + "/penstock.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(description: "cannot write to the data directory \(self.path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw Failure(description: "another Penstock is running on \(self.path); stop it or choose another --data-dir")
        }
        lock = descriptor
    }

    deinit { close(lock) }
}
