import ControlAPI
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@Suite struct ConsoleFilesTests {
    private let folder: TemporaryFolder
    private let files: ConsoleFiles

    init() throws {
        folder = try TemporaryFolder()
        let manager = FileManager.default
        for path in ["Console/core", "libraries/codemirror", "libraries/jquery"] {
            try manager.createDirectory(atPath: "\(folder.path)/\(path)", withIntermediateDirectories: true)
        }
        for (path, text) in [
            ("Console/index.html", "<!doctype html>"), ("Console/core/dom.js", String(repeating: "export const a = 1;\n", count: 100)),
            ("Console/core/.hidden.js", "no"), ("Console/notes.txt", "no"), ("secret.js", "no"),
            ("libraries/codemirror/codemirror.js", "library"), ("libraries/jquery/jquery.js", "no"),
        ] {
            try Data(text.utf8).write(to: URL(filePath: "\(folder.path)/\(path)"))
        }
        files = ConsoleFiles(directory: folder.path + "/Console", libraries: folder.path + "/libraries")
    }

    @Test func servesThePageItsModulesAndTheLibraries() {
        #expect(files.file("")?.contentType == "text/html; charset=utf-8")
        #expect(files.file("core/dom.js")?.contentType == "text/javascript; charset=utf-8")
        #expect(files.file("libraries/codemirror/codemirror.js")?.bytes == Array("library".utf8))
    }

    @Test(arguments: [
        "../secret.js", "core/../../secret.js", "core/.hidden.js", "core//dom.js", "notes.txt", "core", "nothing.js", "libraries",
        "libraries/jquery/jquery.js", "libraries/codemirror/../../secret.js", "/etc/passwd.js", "core\\..\\..\\secret.js", "secret.js",
    ]) func servesNothingElse(path: String) {
        #expect(files.file(path) == nil)
    }

    @Test func largeFilesAreCompressedAndNamedByTheirContent() throws {
        let file = try #require(files.file("core/dom.js"))
        let gzip = try #require(file.gzip)
        #expect(gzip.count < file.bytes.count / 5)
        #expect(gzip.prefix(2) == [0x1f, 0x8b])
        let unpacked = try Self.gunzip(gzip)
        #expect(unpacked == file.bytes)
        #expect(files.file("core/dom.js")?.tag == file.tag)
        try Data("export const b = 2;".utf8).write(to: URL(filePath: "\(folder.path)/Console/core/dom.js"))
        #expect(files.file("core/dom.js")?.tag != file.tag)
        #expect(files.file("")?.gzip == nil, "too small to gain")
    }

    private static func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(bytes))
        try input.fileHandleForWriting.close()
        let data = try #require(try output.fileHandleForReading.readToEnd())
        process.waitUntilExit()
        return [UInt8](data)
    }

    @Test func answersHaveAStrictPolicyAndAreNotSentTwice() async throws {
        var fixture = try await APIFixture()
        fixture.console = files
        try await fixture.run { client async throws in
            try await client.client.execute(uri: "/", method: .get) { page in
                #expect(page.status == .ok)
                let policy = page.headers.first { $0.name.canonicalName == "content-security-policy" }?.value ?? ""
                for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "form-action 'none'"]
                {
                    #expect(policy.contains(part))
                }
                #expect(!policy.contains("unsafe"))
                #expect(page.headers.contains { $0.name.canonicalName == "x-content-type-options" && $0.value == "nosniff" })
            }
            let tag = try await client.client.execute(uri: "/console/core/dom.js", method: .get, headers: [.acceptEncoding: "gzip, br"]) {
                #expect($0.headers[.contentEncoding] == "gzip")
                return try #require($0.headers[.eTag])
            }
            #expect(tag.hasPrefix("W/"), "one name for two forms")
            for refusal in ["gzip;q=0", "br, gzip; q=0.0", "identity", "xgzip"] {
                try await client.client.execute(uri: "/console/core/dom.js", method: .get, headers: [.acceptEncoding: refusal]) {
                    #expect($0.headers[.contentEncoding] == nil)
                }
            }
            try await client.client.execute(uri: "/console/core/dom.js", method: .get, headers: [.ifNoneMatch: tag]) {
                #expect($0.status == .notModified)
                #expect($0.body.readableBytes == 0)
            }
            try await client.client.execute(uri: "/console/%2e%2e/secret.js", method: .get) { #expect($0.status == .notFound) }
        }
    }

    @Test func withoutItsFilesThePageSaysSo() async throws {
        try await APIFixture().run { client async throws in
            try await client.client.execute(uri: "/", method: .get) { page in
                #expect(page.status == .notFound)
                #expect(String(buffer: page.body).contains("console.directory"))
            }
        }
    }
}
