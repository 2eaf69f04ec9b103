import Catalog
import FoundationEssentials
import PipeCore
import Testing

@Suite struct SecretSealerTests {
    private let pipe = PipeID("p")
    private let secrets: JSONValue = ["password": "hunter2", "nested": ["token": "t"]]

    private func sealer(_ byte: UInt8 = 7) throws -> SecretSealer {
        try SecretSealer(base64: Data(repeating: byte, count: 32).base64EncodedString())
    }

    @Test func whatIsSealedOpens() throws {
        let sealed = try sealer().seal(secrets, of: pipe)
        #expect(try sealer().open(sealed, of: pipe) == secrets)
        #expect(try sealer().seal(secrets, of: pipe) != sealed, "each nonce is new")
        #expect(!String(decoding: sealed, as: UTF8.self).contains("hunter2"))
    }

    @Test func aDerivedSecretDependsOnKeyAndPurposeOnly() throws {
        let secret = try sealer().derive("a purpose")
        #expect(secret == (try sealer().derive("a purpose")))
        #expect(secret != (try sealer().derive("another purpose")))
        #expect(secret != (try sealer(8).derive("a purpose")))
        #expect(secret.utf8.count == 43)
        #expect(secret.utf8.allSatisfy { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8.contains($0) })
        // RFC 5869 by another program: Python's hmac and hashlib.
        #expect(secret == "oQhkUKM0w-GywIOMxSO58Xyq89QV7cFgZf4tvOqbEcM")
    }

    @Test func nothingElseOpens() throws {
        let sealed = try sealer().seal(secrets, of: pipe)
        func code(_ sealer: SecretSealer, _ bytes: [UInt8], _ pipe: PipeID) -> CatalogError.Code? {
            #expect(throws: CatalogError.self) { _ = try sealer.open(bytes, of: pipe) }?.code
        }
        #expect(code(try sealer(8), sealed, pipe) == .wrongKey)
        #expect(code(try sealer(), sealed, PipeID("q")) == .wrongKey)
        for index in [1, 13, sealed.count - 1] {
            var bent = sealed
            bent[index] ^= 1
            #expect(code(try sealer(), bent, pipe) == .wrongKey, "byte \(index)")
        }
        #expect(code(try sealer(), Array(sealed.prefix(20)), pipe) == .wrongKey)
        #expect(code(try sealer(), [9] + sealed.dropFirst(), pipe) == .damaged)
        #expect(code(try sealer(), [], pipe) == .damaged)
    }

    @Test(arguments: ["", "not base64!", "c2hvcnQ=", Data(repeating: 1, count: 33).base64EncodedString()])
    func keysOfTheWrongFormAreRefused(_ text: String) {
        let error = #expect(throws: CatalogError.self) { _ = try SecretSealer(base64: text) }
        #expect(error?.code == .unusableKey)
        if !text.isEmpty { #expect(error?.message.contains(text) == false) }
    }

    @Test func theKeyFileIsMadeOnceAndForItsOwner() async throws {
        try await withCatalogFile { file in
            let path = file.directory + "/new-key"
            let sealed = try SecretSealer.loadOrCreate(file: path).seal(secrets, of: pipe)
            #expect(CatalogFile.mode(path) == 0o600)
            #expect(try SecretSealer.loadOrCreate(file: path).open(sealed, of: pipe) == secrets)
            let text = try String(decoding: Data(contentsOf: URL(filePath: path)), as: UTF8.self)
            #expect(try SecretSealer(base64: text).open(sealed, of: pipe) == secrets, "the file holds the form of the environment")
            let leftovers = try FileManager.default.contentsOfDirectory(atPath: file.directory).filter { $0.hasSuffix(".new") }
            #expect(leftovers == [])
        }
    }

    @Test func unusableKeyFilesAreNamed() async throws {
        try await withCatalogFile { file in
            let path = file.directory + "/key"
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            let open = #expect(throws: CatalogError.self) { _ = try SecretSealer.loadOrCreate(file: path) }
            #expect(open?.code == .unusableKey)
            #expect(open?.message.contains("chmod 600 \(path)") == true)
            let nowhere = #expect(throws: CatalogError.self) { _ = try SecretSealer.loadOrCreate(file: file.directory + "/no/key") }
            #expect(nowhere?.code == .unusableKey)
            try Data("half a k".utf8).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            let short = #expect(throws: CatalogError.self) { _ = try SecretSealer.loadOrCreate(file: path) }
            #expect(short?.message.hasPrefix(path) == true)
        }
    }

    @Test func printedFormsShowNoSecret() throws {
        var text = ""
        let pipe = Example.pipe(1, secret: "hunter2")
        dump(pipe, to: &text)
        print(pipe, String(reflecting: pipe), [pipe], Optional(pipe) as Any, to: &text)
        #expect(text.contains("pipe 1"))
        #expect(!text.contains("hunter2"))
        var keyText = ""
        let sealer = try sealer()
        dump(sealer, to: &keyText)
        print(sealer, String(reflecting: sealer), to: &keyText)
        #expect(keyText.contains("SecretSealer"))
        #expect(!keyText.contains("SymmetricKey"))
    }
}
