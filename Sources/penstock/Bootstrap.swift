import Catalog
import ControlAPI
import FoundationEssentials
import PipeCore
import ProgramConfiguration

/// Makes what an installation needs once: the organization, the identities of services, the first key.
struct Bootstrap {
    let catalog: any Catalog

    func organization(named name: String) async throws -> OrganizationRecord {
        if let known = try await catalog.organization() { return known }
        let organization = OrganizationRecord(id: UUID().uuidString.lowercased(), name: name, createdAt: Date())
        try await catalog.create(organization)
        return organization
    }

    /// The identity of the service with this name in the configuration; made on first sight.
    func service(named name: String) async throws -> ServiceRecord {
        if let known = try await catalog.services().first(where: { $0.configurationName == name }) { return known }
        let service = ServiceRecord(id: UUID().uuidString.lowercased(), configurationName: name, name: name, createdAt: Date())
        try await catalog.create(service)
        return service
    }

    func needsFirstKey() async throws -> Bool { try await catalog.keys().isEmpty }

    func register(_ firstKey: KeyIssuer.IssuedKey) async throws {
        try await catalog.create(firstKey.record(name: "First key", roles: ["admin"], createdAt: Date()))
    }

    /// A further key with all rights, for an operator who lost the others.
    func recoveryKey() async throws -> KeyIssuer.IssuedKey {
        let issued = KeyIssuer.issue()
        try await catalog.create(issued.record(name: "Issued on the command line", roles: ["admin"], createdAt: Date()))
        return issued
    }
}

extension SecretSealer {
    /// The sealing key: PENSTOCK_SECRET_KEY, else the configured file, else `secret.key` in the data directory.
    static func load(_ configuration: PenstockConfiguration.Secrets, dataDirectory: String) throws -> SecretSealer {
        if let text = ProcessInfo.processInfo.environment["PENSTOCK_SECRET_KEY"] { return try SecretSealer(base64: text) }
        return try SecretSealer.loadOrCreate(file: configuration.keyFile ?? dataDirectory + "/secret.key")
    }
}
