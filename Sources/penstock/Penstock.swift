import ArgumentParser
import ProgramConfiguration

@main struct Penstock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "penstock", abstract: "Managed ingestion and query endpoints for any ClickHouse.",
        version: ProgramVersion.current,
        subcommands: [UpCommand.self, ServeCommand.self, IssueKeyCommand.self, EndpointsCommand.self, ConfigurationReferenceCommand.self])
}

enum ProgramVersion {
    static let current = "0.1.0"
}

/// `penstock configuration-reference`
struct ConfigurationReferenceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configuration-reference", abstract: "Print every configuration key as Markdown (docs/configuration.md).")

    func run() throws { print(ConfigurationReference.markdown(), terminator: "") }
}
