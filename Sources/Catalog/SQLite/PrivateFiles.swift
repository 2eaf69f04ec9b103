private import FoundationEssentials

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

/// Files that only their owner may open.
enum PrivateFiles {
    /// Makes the file (0600) and, where missing, its directory (0700), so that SQLite never creates them with looser modes.
    /// An existing file is tightened; an existing directory is left alone, for it may be shared on purpose.
    static func prepare(_ path: String) throws(CatalogError) {
        let directory = directory(of: path)
        do {
            if !FileManager.default.fileExists(atPath: directory) {
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
        } catch {
            throw CatalogError(.storage, "Cannot create the directory \(directory) for the catalog; check its parent's permissions")
        }
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file >= 0 {
            close(file)
        } else {
            guard errno == EEXIST else { throw trouble("create", path) }
            // By name: closing a descriptor of a database that this process has open would drop SQLite's locks on it.
            guard chmod(path, 0o600) == 0 else { throw trouble("restrict access to", path) }
        }
        // SQLite gives its side files the mode of the database, but only when it creates them.
        for side in ["-wal", "-shm"] { chmod(path + side, 0o600) }
        try syncDirectory(of: path)
    }

    /// Makes the name of a new file survive a power cut.
    static func syncDirectory(of path: String) throws(CatalogError) {
        let directory = directory(of: path)
        let handle = open(directory, O_RDONLY | O_CLOEXEC)
        guard handle >= 0 else { throw trouble("open", directory) }
        defer { close(handle) }
        guard fsync(handle) == 0 else { throw trouble("sync", directory) }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func trouble(_ verb: String, _ path: String) -> CatalogError {
        CatalogError(.storage, "Cannot \(verb) \(path): \(String(cString: strerror(errno)))")
    }
}
