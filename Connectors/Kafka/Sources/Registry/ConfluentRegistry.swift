internal import FoundationEssentials
package import PipeCore

/// A registry with Confluent's API (Confluent, Redpanda, Karapace, Apicurio's compatible surface).
package struct ConfluentRegistry: SchemaSource {
    private let location: RegistryLocation
    private let authorization: String?
    private let transport: any RegistryTransport

    /// Chains of references longer than this are refused.
    private static let maximumDependencies = 200

    package init(_ configuration: KafkaConfiguration.SchemaRegistry, transport: (any RegistryTransport)? = nil) throws(PipeError) {
        guard let location = configuration.url.flatMap(RegistryLocation.init) else {
            throw PipeError(.sourceMissing, .user, side: .source, "schemaRegistry.url is not the URL of a registry")
        }
        self.location = location
        if let credentials = configuration.credentials, let user = credentials.username {
            authorization = "Basic " + Data("\(user):\(credentials.password ?? "")".utf8).base64EncodedString()
        } else {
            authorization = nil
        }
        if let transport {
            self.transport = transport
        } else {
            self.transport = try NetworkRegistryTransport(caCertificate: configuration.caCertificate)
        }
    }

    /// A schema is named by the URL.
    package var hasPin: Bool { location.pin != nil }

    package func schema(_ reference: SchemaReference) async throws(RegistryFault) -> RegisteredSchema {
        let path: String
        let name: String
        switch (reference, location.pin) {
        case (.id(let id), _), (.configured, .id(let id)?):
            path = "/schemas/ids/\(id)"
            name = "schema id \(id)"
        case (.configured, .subject(let subject, let version)?):
            path = "/subjects/\(subject)/versions/\(version)"
            name = "subject \(subject), version \(version)"
        case (.configured, nil):
            throw .missing("the message has no schema id, and schemaRegistry.url names no schema")
        case (.version, _):
            throw .missing("the message has the header of a Glue registry, and schemaRegistry is none")
        }
        let document = try await get(path, name: name)
        guard let text = document["schema"]?.string else { throw .missing("the registry's answer for \(name) has no schema") }
        let kindName = document["schemaType"]?.string ?? RegisteredSchema.Kind.avro.rawValue
        guard let kind = RegisteredSchema.Kind(rawValue: kindName) else {
            throw .missing("\(name) is of the unknown type '\(kindName.prefix(40))'")
        }
        var dependencies: [RegisteredSchema.Dependency] = []
        var seen: Set<String> = []
        try await collect(document, of: name, into: &dependencies, &seen, depth: 0)
        return RegisteredSchema(kind: kind, text: text, dependencies: dependencies)
    }

    package func reach() async throws(RegistryFault) { _ = try await get("/subjects", name: "list of subjects") }

    /// References below a schema, deepest first.
    private func collect(
        _ document: JSONValue, of name: String, into dependencies: inout [RegisteredSchema.Dependency], _ seen: inout Set<String>,
        depth: Int
    ) async throws(RegistryFault) {
        for reference in document["references"]?.array ?? [] {
            guard let alias = reference["name"]?.string, let subject = reference["subject"]?.string,
                let version = reference["version"]?.integer
            else { throw .missing("\(name) has a reference without name, subject or version") }
            guard seen.insert(alias).inserted else { continue }
            guard depth < 50, seen.count <= Self.maximumDependencies else { throw .missing("\(name) has too many references") }
            let below = "subject \(subject), version \(version)"
            let answer = try await get("/subjects/\(Self.encoded(subject))/versions/\(version)", name: below)
            guard let text = answer["schema"]?.string else { throw .missing("the registry's answer for \(below) has no schema") }
            try await collect(answer, of: below, into: &dependencies, &seen, depth: depth + 1)
            dependencies.append(RegisteredSchema.Dependency(name: alias, text: text))
        }
    }

    private func get(_ path: String, name: String) async throws(RegistryFault) -> JSONValue {
        var headers = [(name: "accept", value: "application/vnd.schemaregistry.v1+json, application/json")]
        if let authorization { headers.append((name: "authorization", value: authorization)) }
        let reply: RegistryReply
        do {
            reply = try await transport.send(RegistryRequest(method: "GET", url: location.root + path, headers: headers, body: []))
        } catch {
            throw .registry(
                PipeError(
                    .sourceUnreachable, .retry, side: .source,
                    "cannot reach the schema registry \(location.root): \(RegistryTrouble.name(error))",
                    underlying: error))
        }
        let document = try? JSONValue(parsing: reply.body)
        let told = document?["message"]?.string.map { ": \($0.prefix(200))" } ?? ""
        switch reply.status {
        case 200..<300:
            guard let document else {
                throw .registry(
                    PipeError(
                        .sourceMissing, .user, side: .source,
                        "\(location.root) answers with something other than JSON: schemaRegistry.url must be that of a schema registry"))
            }
            return document
        case 401, 403:
            throw .registry(
                PipeError(
                    .sourceDenied, .user, side: .source,
                    "the schema registry \(location.root) refuses the credentials (HTTP \(reply.status)): check schemaRegistry.credentials")
            )
        case 404, 422: throw .missing("the schema registry has no \(name)\(told)")
        case 408, 425, 429, 500...:
            throw .registry(
                PipeError(
                    .sourceUnreachable, .retry, side: .source,
                    "the schema registry \(location.root) answers HTTP \(reply.status) for \(name)\(told)"))
        default:
            throw .registry(
                PipeError(
                    .sourceMissing, .user, side: .source,
                    "the schema registry \(location.root) answers HTTP \(reply.status) for \(name)\(told): check schemaRegistry.url"))
        }
    }

    private static func encoded(_ subject: String) -> String {
        subject.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}

/// What to say of an error of the network: its kind, not its details, which may repeat the request.
enum RegistryTrouble {
    static func name(_ error: any Error) -> String { String(String(describing: error).prefix(200)) }
}
