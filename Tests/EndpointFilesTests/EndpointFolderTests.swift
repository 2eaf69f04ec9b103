import EndpointFiles
import Foundation
import Testing

@Suite struct EndpointFolderTests {
    func withFolder(_ files: [String: String], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "penstock-files-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files {
            let file = folder.appending(path: name)
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        try body(folder.path)
    }

    static let good = "/* ---\napiKeys: [k]\n--- */\nSELECT 1\n"

    @Test func everySQLFileIsAnEndpoint() throws {
        try withFolder(["b.sql": Self.good, "sub/a.sql": Self.good, "README.md": "no", ".git/c.sql": "no", ".sql": "no"]) { folder in
            let files = try EndpointFolder.read(folder + "/", environment: [:])
            #expect(files.map(\.name) == ["b", "a"])
            #expect(files.map(\.file) == ["\(folder)/b.sql", "\(folder)/sub/a.sql"])
        }
    }

    @Test func theProblemsOfAllFilesAreToldAtOnce() throws {
        let named = "/* ---\nname: same\napiKeys: [k]\n--- */\nSELECT 1\n"
        try withFolder(["1.sql": named, "2.sql": named, "3.sql": "SELECT 1", "4.sql": "/* ---\nx: 1\n--- */\nSELECT 1"]) { folder in
            let error = #expect(throws: InvalidFiles.self) { try EndpointFolder.read(folder, environment: [:]) }
            let places = error?.problems.map { "\($0.file.dropFirst(folder.count + 1)):\($0.line)" }
            #expect(places == ["3.sql:1", "4.sql:2", "4.sql:2", "2.sql:2"])
        }
    }

    @Test func aMissingFolderIsAProblem() {
        #expect(throws: InvalidFiles.self) { try EndpointFolder.read("/nowhere/at/all", environment: [:]) }
    }
}
