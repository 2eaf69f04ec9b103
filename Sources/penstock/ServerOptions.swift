import ArgumentParser
import FoundationEssentials
import PipeCore
import ProgramConfiguration

/// Options that `up` and `serve` share; each wins over the file and the environment.
struct ServerOptions: ParsableArguments {
    @Option(help: "Folder of everything Penstock keeps.")
    var dataDir: String?

    @Option(help: "Address of the API, HOST:PORT; port 0 lets the system choose.")
    var listen: String?

    @Option(help: "File (mode 0600) that receives the first key and the URLs as JSON.")
    var credentialsFile: String?

    @Option(help: "PEM file of the TLS certificate chain.")
    var tlsCertificate: String?

    @Option(help: "PEM file of the TLS private key.")
    var tlsKey: String?

    @Flag(help: "Allow an address other machines can reach without TLS.")
    var allowInsecureListen = false

    @Option(help: "Least severe level of the log: trace, debug, info, notice, warning, error.")
    var logLevel: String?

    var overrides: [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        values["dataDir"] = dataDir.map(JSONValue.string)
        values["listen"] = listen.map(JSONValue.string)
        values["credentialsFile"] = credentialsFile.map(JSONValue.string)
        values["tls.certificate"] = tlsCertificate.map(JSONValue.string)
        values["tls.key"] = tlsKey.map(JSONValue.string)
        values["log.level"] = logLevel.map(JSONValue.string)
        if allowInsecureListen { values["allowInsecureListen"] = true }
        return values
    }

    /// The configuration of the file, the environment and these options; problems become one readable error.
    func read(file: String?) throws -> PenstockConfiguration {
        var yaml = ""
        if let file {
            guard let data = try? Data(contentsOf: URL(filePath: file)) else { throw ValidationError("cannot read \(file)") }
            yaml = String(decoding: data, as: UTF8.self)
        }
        do {
            return try ConfigurationFile.read(
                yaml: yaml, environment: ProcessInfo.processInfo.environment, overrides: overrides)
        } catch let error as InvalidConfiguration {
            let source = file ?? "the configuration"
            throw ValidationError("\(source) is not valid:\n" + error.problems.map { "  \($0)" }.joined(separator: "\n"))
        }
    }
}

/// `penstock up`: everything on one machine.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Run everything on this machine, with an embedded ClickHouse.")

    @OptionGroup var options: ServerOptions

    func run() async throws { try await Program(options.read(file: nil), isAttended: true).run() }
}

/// `penstock serve`: as the configuration file says.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "serve", abstract: "Run as a configuration file says.")

    @Option(help: "Configuration file (YAML); every key is described in docs/configuration.md.")
    var config: String

    @OptionGroup var options: ServerOptions

    func run() async throws { try await Program(options.read(file: config), isAttended: false).run() }
}
