import ArgumentParser
import EndpointFiles
import FoundationEssentials

/// What `plan` and `apply` share. Options win over the environment, the environment over the credentials file.
struct EndpointOptions: ParsableArguments {
    @Argument(help: "Folder with one .sql file for each endpoint.")
    var folder: String

    @Option(help: "Address of the Penstock, without /v1. Environment: PENSTOCK_URL.")
    var url: String?

    @Option(help: "Id of an API key. Environment: PENSTOCK_KEY_ID.")
    var keyId: String?

    @Option(help: "Its secret; better in the environment, PENSTOCK_KEY_SECRET, or in the credentials file.")
    var keySecret: String?

    @Option(help: "Id or name of the organization, where there are several. Environment: PENSTOCK_ORGANIZATION.")
    var organization: String?

    @Option(help: "Id or name of the service, where there are several. Environment: PENSTOCK_SERVICE.")
    var service: String?

    @Option(help: "The file that 'penstock up --credentials-file' wrote. Environment: PENSTOCK_CREDENTIALS_FILE.")
    var credentialsFile: String?

    @Option(help: "PEM file of the authority that signed Penstock's certificate.")
    var caFile: String?

    @Flag(help: "Delete endpoints that have no file.")
    var prune = false

    @Flag(help: "Send the secrets of tokens again, which cannot be compared.")
    var resendSecrets = false

    /// Reads the files, prints the plan and hands it to `body`. Ends the program with 2 when a file is wrong.
    func run(_ body: (EndpointPlan, ServiceEndpoints) async throws -> Void) async throws {
        let environment = ProcessInfo.processInfo.environment
        do {
            let files = try EndpointFolder.read(folder, environment: environment)
            try await PenstockClient.with(address(environment)) { client in
                let known = try credentials(environment)
                let service = try await client.endpointService(
                    organization: organization ?? environment["PENSTOCK_ORGANIZATION"] ?? known?.organizationId,
                    service: service ?? environment["PENSTOCK_SERVICE"] ?? known?.serviceId)
                let plan = try await EndpointPlan(files, on: service, prune: prune, resendSecrets: resendSecrets)
                print(EndpointReport.text(plan))
                flushStandardOutput()
                try await body(plan, service)
            }
        } catch let error as InvalidFiles {
            for problem in error.problems { standardError(EndpointReport.visible(problem.description)) }
            throw ExitCode(2)
        } catch let failure as EndpointServiceFailure {
            standardError(EndpointReport.visible("error: \(failure)"))
            throw ExitCode.failure
        }
    }

    private func credentials(_ environment: [String: String]) throws -> Credentials? {
        guard let path = credentialsFile ?? environment["PENSTOCK_CREDENTIALS_FILE"] else { return nil }
        guard let credentials = Credentials.read(path) else { throw ValidationError("\(path) is not a credentials file") }
        return credentials
    }

    private func address(_ environment: [String: String]) throws -> PenstockAddress {
        let known = try credentials(environment)
        guard let url = url ?? environment["PENSTOCK_URL"] ?? known?.baseURL else {
            throw ValidationError("say where Penstock runs: --url, PENSTOCK_URL or --credentials-file")
        }
        guard let id = keyId ?? environment["PENSTOCK_KEY_ID"] ?? known?.keyId,
            let secret = keySecret ?? environment["PENSTOCK_KEY_SECRET"] ?? known?.keySecret
        else { throw ValidationError("an API key is needed: --key-id with PENSTOCK_KEY_SECRET, or --credentials-file") }
        return PenstockAddress(baseURL: url, keyID: id, keySecret: secret, caFile: caFile)
    }
}
