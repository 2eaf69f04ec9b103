import FoundationEssentials
import Glibc
import PipeCore

/// What a client needs to know, as the credentials file holds it.
struct Credentials: Codable, Sendable {
    /// Without `/v1`.
    var baseURL: String
    var organizationId: String
    var serviceId: String
    var keyId: String
    var keySecret: String
    /// `http://user:password@127.0.0.1:PORT` of the embedded ClickHouse; absent when there is none.
    var clickhouseURL: String?

    static func read(_ path: String) -> Credentials? {
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return nil }
        return try? JSONDecoder().decode(Credentials.self, from: data)
    }

    /// The file is never readable by others, not even for a moment.
    func write(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try PrivateFile.write(try encoder.encode(self) + Data("\n".utf8), to: path)
    }
}

/// Files of mode 0600.
enum PrivateFile {
    /// Makes the file anew, so that an old one's mode does not count.
    static func write(_ data: Data, to path: String) throws {
        _ = unlink(path)
        guard FileManager.default.createFile(atPath: path, contents: data, attributes: [.posixPermissions: 0o600]) else {
            throw DataDirectory.Failure(description: "cannot write \(path)")
        }
    }

    /// Replaces `target` in one step. Nothing happens when there is nothing to move.
    static func move(_ path: String, to target: String) throws {
        guard rename(path, target) == 0 || errno == ENOENT else {
            throw DataDirectory.Failure(description: "cannot write \(target)")
        }
    }
}
