package import PipeCore

/// The pure part of reverse private endpoints: shapes, rules and the wire form.
///
/// In ClickHouse Cloud such an endpoint is a private road from the cloud into the user's network. Penstock stands in the user's
/// own network and builds no such roads: an endpoint is stored and can be named by pipes, its status is always `Failed`, and
/// pipes that name it reach their source directly.
package enum PrivateEndpoint {
    package static let status = "Failed"
    package static let statusMessage =
        "Penstock builds no private network connections: give this machine a route to the source; pipes that name this endpoint connect directly"

    private static let dnsMapping = ObjectSchema(
        "CustomPrivateDnsMapping", "A private DNS name.",
        fields: [
            Field("privateDnsName", .text, "Exact name, or a leading wildcard such as `*.example.com`.", .required),
            Field("targetId", .text, "Resource that the name stands for."),
        ])

    private static let mappings = Field(
        "customPrivateDnsMappings", .list(.object(dnsMapping), unique: true), "Private DNS names; a PATCH replaces all of them.")

    package static let create = ObjectSchema(
        "CreateReversePrivateEndpoint", "A new reverse private endpoint.",
        fields: [
            Field("description", .text(length: 0...255), "What it is for."),
            Field("type", .oneOf(Array(requirements.keys).sorted()), "Kind of private connection.", .required),
            Field("vpcEndpointServiceName", .text, "Required for VPC_ENDPOINT_SERVICE."),
            Field("vpcResourceConfigurationId", .text, "Required for VPC_RESOURCE."),
            Field("vpcResourceShareArn", .text, "Required for VPC_RESOURCE."),
            Field("mskClusterArn", .text, "Required for MSK_MULTI_VPC."),
            Field("mskAuthentication", .oneOf(["SASL_IAM", "SASL_SCRAM"]), "Required for MSK_MULTI_VPC."),
            Field(
                "gcpServiceAttachment", .text,
                "Required for GCP_PSC_SERVICE_ATTACHMENT: projects/{project}/regions/{region}/serviceAttachments/{name}."),
            mappings,
        ])

    package static let update = ObjectSchema(
        "UpdateReversePrivateEndpoint", "Changes of a reverse private endpoint.", fields: [mappings])

    package static let schema = ObjectSchema(
        "ReversePrivateEndpoint", "A stored reverse private endpoint.",
        fields: create.fields + [
            Field("id", .uuid, "Id of the endpoint."),
            Field("serviceId", .uuid, "Service it belongs to."),
            Field("dnsNames", .list(.string), "DNS names of the connection: none."),
            Field("privateDnsNames", .list(.string), "Private DNS names of the connection: none."),
            Field("status", .oneOf([status]), "Always Failed: Penstock builds no private network connections."),
            Field("statusMessage", .string, "What that means. Not in ClickHouse Cloud."),
        ])

    /// Fields that each type demands.
    private static let requirements: [String: [String]] = [
        "VPC_ENDPOINT_SERVICE": ["vpcEndpointServiceName"],
        "VPC_RESOURCE": ["vpcResourceConfigurationId", "vpcResourceShareArn"],
        "MSK_MULTI_VPC": ["mskClusterArn", "mskAuthentication"],
        "GCP_PSC_SERVICE_ATTACHMENT": ["gcpServiceAttachment"],
    ]

    /// A POST body checked; `namesInUse` are the private DNS names of the service's other endpoints.
    package static func created(_ body: JSONValue, namesInUse: Set<String>) throws(InvalidConfiguration) -> JSONValue {
        var problems: [Problem] = []
        let document = create.checked(body, mode: .create, problems: &problems)
        if let type = document["type"]?.string, let required = requirements[type] {
            for field in required where document[field] == nil && !problems.contains(where: { $0.field == FieldPath(field) }) {
                problems.append(Problem(field, "is required for \(type)"))
            }
            let ofOthers = Set(requirements.values.joined()).subtracting(required)
            for field in ofOthers.sorted() where document[field] != nil { problems.append(Problem(field, "does not apply to \(type)")) }
            if let attachment = document["gcpServiceAttachment"]?.string, !isServiceAttachment(attachment) {
                problems.append(
                    Problem("gcpServiceAttachment", "must look like projects/{project}/regions/{region}/serviceAttachments/{name}"))
            }
        }
        problems += nameProblems(document, namesInUse: namesInUse)
        try InvalidConfiguration.check(problems)
        return document
    }

    /// A stored document with a PATCH body laid over it.
    package static func updated(_ stored: JSONValue, with body: JSONValue, namesInUse: Set<String>) throws(InvalidConfiguration)
        -> JSONValue
    {
        var problems: [Problem] = []
        let patch = update.checked(body, mode: .patch, problems: &problems)
        let document = update.patched(stored, with: patch, problems: &problems)
        problems += nameProblems(document, namesInUse: namesInUse)
        try InvalidConfiguration.check(problems)
        return document
    }

    /// The private DNS names of a document.
    package static func names(_ document: JSONValue) -> [String] {
        document["customPrivateDnsMappings"]?.array?.compactMap { $0["privateDnsName"]?.string?.lowercased() } ?? []
    }

    /// Checks that the endpoints a source arm names exist on its service.
    package static func problems(naming known: Set<String>, in arm: JSONValue, at path: FieldPath) -> [Problem] {
        let field = path["reversePrivateEndpointIds"]
        return named(by: arm).enumerated().compactMap { index, id in
            known.contains(id) ? nil : Problem(field[index], "names no reverse private endpoint of this service")
        }
    }

    /// The endpoints a source arm names, in lower case.
    package static func named(by arm: JSONValue) -> [String] {
        arm["reversePrivateEndpointIds"]?.array?.compactMap { $0.string?.lowercased() } ?? []
    }

    private static func nameProblems(_ document: JSONValue, namesInUse: Set<String>) -> [Problem] {
        let names = names(document)
        let field = FieldPath("customPrivateDnsMappings")
        if document["type"] == "MSK_MULTI_VPC", !names.isEmpty { return [Problem(field, "does not apply to MSK_MULTI_VPC")] }
        var seen = namesInUse
        return names.enumerated().compactMap { index, name in
            let path = field[index]["privateDnsName"]
            if !isPrivateName(name) { return Problem(path, "must be a DNS name, with at most one wildcard in front as in *.example.com") }
            return seen.insert(name).inserted ? nil : Problem(path, "'\(name)' is already used by this service")
        }
    }

    private static func isPrivateName(_ name: String) -> Bool {
        let plain = name.hasPrefix("*.") ? name.dropFirst(2) : name[...]
        let labels = plain.split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 && name.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                            UInt8(ascii: "_"):
                            true
                        default: false
                        }
                    }
            }
    }

    private static func isServiceAttachment(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 6 && parts[0] == "projects" && parts[2] == "regions" && parts[4] == "serviceAttachments"
            && parts.allSatisfy { !$0.isEmpty }
    }
}
