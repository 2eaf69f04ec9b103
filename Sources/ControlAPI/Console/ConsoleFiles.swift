private import Crypto
internal import FoundationEssentials
private import Synchronization

/// The console's own files, and the libraries it uses, which stay where their Debian packages put them.
public final class ConsoleFiles: Sendable {
    /// A file as it is served.
    package struct File: Sendable {
        package var contentType: String
        package var bytes: [UInt8]
        /// Nil where it would save nothing.
        package var gzip: [UInt8]?
        /// Names this content, as an entity tag: weak, for it is the same for both forms.
        package var tag: String
    }

    private let directory: URL
    private let libraries: URL
    /// Compressed content by its tag.
    private let compressed = Mutex<[String: [UInt8]]>([:])

    /// - Parameters:
    ///   - directory: holds `index.html`.
    ///   - libraries: holds `codemirror` and `chart.js`.
    public init(directory: String, libraries: String = "/usr/share/javascript") {
        self.directory = URL(filePath: directory)
        self.libraries = URL(filePath: libraries)
    }

    private static let types = [
        "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8",
        "svg": "image/svg+xml",
    ]
    private static let served: Set<String> = ["codemirror", "chart.js"]

    /// - Parameter path: below `/console/`; empty is the page itself. Nil when there is no such file.
    package func file(_ path: String) -> File? {
        var parts = path.isEmpty ? ["index.html"] : path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        // Neither `..` nor hidden files; and nothing that names a byte or another folder.
        guard parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix(".") && !$0.contains("\\") && !$0.contains("\0") }) else { return nil }
        var base = directory
        if parts[0] == "libraries" {
            parts.removeFirst()
            guard let library = parts.first, Self.served.contains(library) else { return nil }
            base = libraries
        }
        guard let name = parts.last, let dot = name.lastIndex(of: "."), let type = Self.types[String(name[name.index(after: dot)...])],
            let data = try? Data(contentsOf: parts.reduce(base) { $0.appending(path: $1) })
        else { return nil }
        let tag = "W/\"" + SHA256.hash(data: data).prefix(12).map { String($0, radix: 16) }.joined(separator: "-") + "\""
        let bytes = [UInt8](data)
        return File(contentType: type, bytes: bytes, gzip: gzip(bytes, tag), tag: tag)
    }

    private func gzip(_ bytes: [UInt8], _ tag: String) -> [UInt8]? {
        if let known = compressed.withLock({ $0[tag] }) { return known }
        guard bytes.count > 512, let made = Gzip.compressed(bytes), made.count < bytes.count else { return nil }
        compressed.withLock { compressed in
            // Files that were edited leave old content behind.
            if compressed.count > 500 { compressed = [:] }
            compressed[tag] = made
        }
        return made
    }

    /// The folder `Console` beside the build folder of this program, as in a clone; else of an installation.
    public static func installedDirectory() -> String? {
        var folders: [String] = []
        if let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            var folder = URL(filePath: executable).deletingLastPathComponent()
            while folder.path != "/" {
                folders.append(folder.appending(path: "Console").path)
                folder.deleteLastPathComponent()
            }
        }
        folders.append("/usr/share/penstock/Console")
        return folders.first { FileManager.default.fileExists(atPath: $0 + "/index.html") }
    }
}
