import ArgumentParser
import EndpointFiles

/// `penstock endpoints`: query endpoints as files.
struct EndpointsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints", abstract: "Keep query API endpoints as files (docs/endpoint-files.md).",
        subcommands: [PlanEndpointsCommand.self, ApplyEndpointsCommand.self])
}

/// `penstock endpoints plan`
struct PlanEndpointsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "plan", abstract: "Show what apply would do.")

    @OptionGroup var options: EndpointOptions

    func run() async throws { try await options.run { _, _ in } }
}

/// `penstock endpoints apply`
struct ApplyEndpointsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Create, change and, with --prune, delete endpoints so that they are as the files say.")

    @OptionGroup var options: EndpointOptions

    @Flag(help: "Do not ask.")
    var yes = false

    func run() async throws {
        try await options.run { plan, service in
            guard plan.hasChanges else { return }
            try Confirmation.require(yes: yes)
            let failures = try await plan.apply(to: service) { print($0) }
            for failure in failures { standardError("error: \(failure)") }
            if !failures.isEmpty { throw ExitCode.failure }
        }
    }
}
