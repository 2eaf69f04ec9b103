import Catalog
import FoundationEssentials
import PipeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A catalog's file in a directory of its own.
struct CatalogFile: Sendable {
    let directory: String
    let sealer: SecretSealer
    var path: String { "\(directory)/private/catalog.db" }

    func open(_ other: SecretSealer? = nil, now: @escaping @Sendable () -> Date = { Example.time(0) }) throws -> SQLiteCatalog {
        try SQLiteCatalog(path: path, sealer: other ?? sealer, now: now)
    }

    /// The permission bits of a file; nil when it does not exist.
    static func mode(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_mode & 0o777) : nil
    }
}

/// Runs `body` with a fresh directory that is gone afterwards.
func withCatalogFile<Result>(_ body: (CatalogFile) async throws -> Result) async throws -> Result {
    let directory = FileManager.default.temporaryDirectory.path + "/catalog-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    let sealer = try SecretSealer.loadOrCreate(file: "\(directory)/key")
    let result: Result
    do {
        result = try await body(CatalogFile(directory: directory, sealer: sealer))
    } catch {
        try FileManager.default.removeItem(atPath: directory)
        throw error
    }
    try FileManager.default.removeItem(atPath: directory)
    return result
}

/// Records to store.
enum Example {
    static let service = "3f0c8c52-0000-4000-8000-00000000000a"

    /// `milliseconds` after the start of 2026.
    static func time(_ milliseconds: Int) -> Date { Date(timeIntervalSince1970: Double(1_767_225_600_000 + milliseconds) / 1000) }

    static func service(_ id: String = service, name: String = "default") -> ServiceRecord {
        ServiceRecord(id: id, configurationName: name, name: name, createdAt: time(0))
    }

    static func pipe(_ number: Int, secret: String = "hunter2", service: String = service) -> PipeRecord {
        PipeRecord(
            id: PipeID("9d6f3e10-0000-4000-8000-00000000000\(number)"), serviceID: service, name: "pipe \(number)", kind: "example",
            source: ["url": "s3://bucket", "auth": ["user": "me"]], secrets: ["auth": ["password": .string(secret)]],
            destination: destination, createdAt: time(number), updatedAt: time(number))
    }

    static let destination: Destination = {
        do {
            return try JSONText.decode(
                from: """
                    {"database":"default","table":"t","managedTable":true,"columns":[{"name":"a","type":"UInt8"}],
                     "tableDefinition":{"engine":{"type":"MergeTree"},"sortingKey":["a"]},"roles":["writer"]}
                    """)
        } catch {
            preconditionFailure("the example is not a destination: \(error)")
        }
    }()
}
