package import CloudSigning
internal import FoundationEssentials
package import PipeCore

/// The schema registry of AWS Glue, by its JSON API ("GetSchemaVersion" of the Glue web API reference).
package struct GlueRegistry: SchemaSource {
    /// Where credentials come from. Asked before each request, so that those of a role can be renewed.
    package typealias Authority = @Sendable () async throws -> AWSCredentials

    private let region: String
    private let name: String
    private let endpoint: String
    private let authority: Authority
    private let transport: any RegistryTransport
    private let seconds: @Sendable () -> Double

    package init(_ configuration: KafkaConfiguration.SchemaRegistry) throws(PipeError) {
        guard let region = configuration.glueRegion else {
            throw PipeError(.sourceMissing, .user, side: .source, "schemaRegistry.glueRegion is missing")
        }
        guard configuration.glueRoleArn == nil else {
            throw PipeError(
                .sourceDenied, .user, side: .source,
                "schemaRegistry.glueRoleArn is not supported yet: give Penstock's own AWS identity the right glue:GetSchemaVersion")
        }
        let environment = ProcessInfo.processInfo.environment
        self.init(
            region: region, name: configuration.glueRegistryName ?? "default-registry", endpoint: environment["AWS_ENDPOINT_URL_GLUE"],
            authority: { try Self.fromEnvironment(environment) }, transport: try NetworkRegistryTransport(caCertificate: nil))
    }

    package init(
        region: String, name: String, endpoint: String?, authority: @escaping Authority, transport: any RegistryTransport,
        seconds: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) {
        self.region = region
        self.name = name
        self.endpoint = endpoint ?? "https://glue.\(region).amazonaws.com"
        self.authority = authority
        self.transport = transport
        self.seconds = seconds
    }

    private static func fromEnvironment(_ environment: [String: String]) throws(PipeError) -> AWSCredentials {
        guard let key = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"] else {
            throw PipeError(
                .sourceDenied, .user, side: .source,
                "a Glue registry needs AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for Penstock")
        }
        return AWSCredentials(accessKeyID: key, secretKey: secret, sessionToken: environment["AWS_SESSION_TOKEN"])
    }

    package func schema(_ reference: SchemaReference) async throws(RegistryFault) -> RegisteredSchema {
        guard case .version(let id) = reference else { throw .missing("the message has no header of the Glue schema registry") }
        let answer = try await call("GetSchemaVersion", ["SchemaVersionId": .string(id.description)], name: "schema version \(id)")
        guard let text = answer["SchemaDefinition"]?.string, let format = answer["DataFormat"]?.string,
            let kind = RegisteredSchema.Kind(rawValue: format)
        else { throw .missing("Glue's answer for schema version \(id) has no schema of a known type") }
        return RegisteredSchema(kind: kind, text: text)
    }

    package func reach() async throws(RegistryFault) {
        _ = try await call("GetRegistry", ["RegistryId": ["RegistryName": .string(name)]], name: "registry '\(name)' in \(region)")
    }

    private func call(_ action: String, _ document: JSONValue, name: String) async throws(RegistryFault) -> JSONValue {
        let host = String(endpoint.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" })
        let own = [
            AWSRequest.Item("content-type", "application/x-amz-json-1.1"), AWSRequest.Item("x-amz-target", "AWSGlue.\(action)"),
        ]
        let reply: RegistryReply
        do {
            let body = Array(try JSONText.encode(document))
            let signer = AWSSigner(credentials: try await authority(), region: region, service: "glue")
            let request = AWSRequest(method: "POST", host: host, path: "/", headers: own, payload: .bytes(body))
            let signed = own + signer.headers(for: request, at: AWSTimestamp(secondsSince1970: seconds()))
            reply = try await transport.send(
                RegistryRequest(method: "POST", url: "\(endpoint)/", headers: signed.map { ($0.name, $0.value) }, body: body))
        } catch let error as PipeError {
            throw .registry(error)
        } catch {
            throw .registry(
                PipeError(
                    .sourceUnreachable, .retry, side: .source, "cannot reach Glue in \(region): \(RegistryTrouble.name(error))",
                    underlying: error))
        }
        let document = try? JSONValue(parsing: reply.body)
        let type = document?["__type"]?.string ?? ""
        if reply.status == 200, let document { return document }
        if type.hasSuffix("EntityNotFoundException") { throw .missing("Glue has no \(name)") }
        if type.contains("AccessDenied") || type.contains("UnrecognizedClient") || type.contains("Signature")
            || type.contains("ExpiredToken")
        {
            throw .registry(
                PipeError(
                    .sourceDenied, .user, side: .source,
                    "Glue refuses the credentials for \(action) (\(type.prefix(80))): check the role or key"))
        }
        if type.hasSuffix("InvalidInputException") { throw .missing("Glue does not know \(name)") }
        throw .registry(
            PipeError(
                .sourceUnreachable, .retry, side: .source, "Glue answers HTTP \(reply.status) for \(action) \(type.prefix(80))"))
    }
}
