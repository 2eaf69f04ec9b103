import ArgumentParser
import Catalog
import ControlAPI
import FoundationEssentials
import ProgramConfiguration

/// `penstock issue-key`: the way back in for whoever owns the data directory.
struct IssueKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue-key", abstract: "Issue a new key with all rights, with Penstock stopped.")

    @OptionGroup var options: ServerOptions

    func run() async throws {
        let configuration = try options.read(file: nil)
        let directory = try DataDirectory(configuration.dataDir)
        let sealer = try SecretSealer.load(configuration.secrets, dataDirectory: directory.path)
        let catalog = try SQLiteCatalog(path: directory.path + "/catalog.sqlite", sealer: sealer, now: { Date() })
        let key = try await Bootstrap(catalog: catalog).recoveryKey()
        print("Key id      \(key.keyID)\nKey secret  \(key.keySecret)   (shown this once)")
    }
}
