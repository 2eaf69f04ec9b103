import Catalog
import ControlAPI
import HTTPTypes
import PipeCore
import Testing

@Suite struct ClickPipesPrivateEndpointTests {
    private static let path = "~~/clickpipesReversePrivateEndpoints"
    private static let vpc: JSONValue = [
        "description": "mine", "type": "VPC_ENDPOINT_SERVICE", "vpcEndpointServiceName": "com.amazonaws.vpce.us-east-1.vpce-svc-1",
        "customPrivateDnsMappings": [["privateDnsName": "db.example.com"]],
    ]

    @Test func endpointsAreStoredAndHonestAboutTheirStatus() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let created = try await client.send(.post, Self.path, body: Self.vpc)
            #expect(created.status == 200)
            #expect(created.result.contains(Self.vpc))
            #expect(created.result["status"] == "Failed" && created.result["statusMessage"]?.string?.isEmpty == false)
            #expect(created.result["serviceId"] == .string(APIFixture.serviceID) && created.result["dnsNames"] == [])
            let id = try #require(created.result["id"]?.string)
            #expect(try await client.send(.get, "\(Self.path)/\(id.uppercased())").result == created.result)
            #expect(try await client.send(.get, Self.path).result == [created.result])
            let replaced = try await client.send(
                .patch, "\(Self.path)/\(id)", body: ["customPrivateDnsMappings": [["privateDnsName": "*.example.com"]]])
            #expect(replaced.result["customPrivateDnsMappings"] == json([["privateDnsName": "*.example.com"]]))
            #expect(replaced.result["description"] == "mine")
            let cleared = try await client.send(.patch, "\(Self.path)/\(id)", body: ["customPrivateDnsMappings": []])
            #expect(cleared.result["customPrivateDnsMappings"] == [])
            #expect(try await client.send(.delete, "\(Self.path)/\(id)").status == 200)
            for answer in [
                try await client.send(.get, "\(Self.path)/\(id)"), try await client.send(.delete, "\(Self.path)/\(id)"),
                try await client.send(.patch, "\(Self.path)/\(id)", body: [:]), try await client.send(.get, "\(Self.path)/x"),
            ] {
                #expect(answer.status == 404)
            }
        }
        let types = try await fixture.catalog.activities(from: nil, to: nil).map(\.type)
        #expect(types.last == "clickpipe_reverse_private_endpoint_create")
        #expect(types.first == "clickpipe_reverse_private_endpoint_delete")
    }

    static let wrong: [(JSONValue, String)] = {
        var all: [(JSONValue, String)] = []
        func add(_ body: JSONValue, _ says: String) { all.append((body, says)) }
        func names(_ names: String...) -> JSONValue {
            vpc.setting("customPrivateDnsMappings", to: .array(names.map { .object(["privateDnsName": .string($0)]) }))
        }
        add(["description": "x"], "type is required")
        add(["type": "VPN"], "type must be one of")
        add(["type": "VPC_ENDPOINT_SERVICE"], "vpcEndpointServiceName is required for VPC_ENDPOINT_SERVICE")
        add(["type": "VPC_RESOURCE", "vpcResourceConfigurationId": "r"], "vpcResourceShareArn is required for VPC_RESOURCE")
        let msk: JSONValue = ["type": "MSK_MULTI_VPC", "mskClusterArn": "arn", "mskAuthentication": "SASL_IAM"]
        add(msk.removing("mskAuthentication"), "mskAuthentication is required for MSK_MULTI_VPC")
        add(msk.setting("mskAuthentication", to: "PLAIN"), "mskAuthentication must be one of")
        add(["type": "GCP_PSC_SERVICE_ATTACHMENT"], "gcpServiceAttachment is required")
        add(["type": "GCP_PSC_SERVICE_ATTACHMENT", "gcpServiceAttachment": "x"], "gcpServiceAttachment must look like projects/")
        add(vpc.setting("gcpServiceAttachment", to: "x"), "gcpServiceAttachment does not apply to VPC_ENDPOINT_SERVICE")
        add(vpc.setting("description", to: .string(String(repeating: "x", count: 256))), "description must have at most 255")
        add(names("a.*.com"), "privateDnsName must be a DNS name")
        add(names("a b.com"), "privateDnsName must be a DNS name")
        add(names("a.com", "A.com"), "customPrivateDnsMappings[1].privateDnsName 'a.com' is already used")
        add(vpc, "customPrivateDnsMappings[0].privateDnsName 'db.example.com' is already used")
        add(
            msk.setting("customPrivateDnsMappings", to: [["privateDnsName": "b.com"]]),
            "customPrivateDnsMappings does not apply to MSK_MULTI_VPC")
        return all
    }()

    @Test(arguments: wrong) func wrongEndpointsAreRefused(_ body: JSONValue, _ says: String) {
        do {
            _ = try PrivateEndpoint.created(body, namesInUse: ["db.example.com"])
            Issue.record("accepted, where this was expected: \(says)")
        } catch {
            #expect(error.description.contains(says))
        }
    }

    static let right: [JSONValue] = [
        ["type": "VPC_RESOURCE", "vpcResourceConfigurationId": "r", "vpcResourceShareArn": "arn"],
        ["type": "MSK_MULTI_VPC", "mskClusterArn": "arn", "mskAuthentication": "SASL_IAM"],
        ["type": "GCP_PSC_SERVICE_ATTACHMENT", "gcpServiceAttachment": "projects/p/regions/r/serviceAttachments/s"],
    ]

    @Test(arguments: right) func everyTypeCanBeStored(_ body: JSONValue) throws {
        #expect(try PrivateEndpoint.created(body, namesInUse: []) == body)
    }

    @Test func pipesNameExistingEndpointsAndKeepThem() async throws {
        let fixture = try await APIFixture(sources: .runnable)
        try await fixture.run { client in
            let endpoint = try #require(try await client.send(.post, Self.path, body: Self.vpc).result["id"])
            let unknown = try await client.send(
                .post, "~~/clickpipes",
                body: PipeBodies.kafka.setting(
                    "source.kafka.reversePrivateEndpointIds", to: [endpoint, "99999999-0000-4000-8000-000000000009"]))
            #expect(unknown.status == 400)
            #expect(unknown.error.contains("source.kafka.reversePrivateEndpointIds[1] names no reverse private endpoint"))
            let pipe = try await client.send(
                .post, "~~/clickpipes", body: PipeBodies.kafka.setting("source.kafka.reversePrivateEndpointIds", to: [endpoint]))
            #expect(pipe.status == 200, "\(pipe.error)")
            let id = try #require(pipe.result["id"]?.string)
            let used = try await client.send(.delete, "\(Self.path)/\(endpoint.string ?? "")")
            #expect(used.status == 409 && used.error.contains(id))
            let patched = try await client.send(
                .patch, "~~/clickpipes/\(id)", body: ["source": ["kafka": ["reversePrivateEndpointIds": ["x"]]]])
            #expect(patched.status == 400 && patched.error.contains("reversePrivateEndpointIds[0]"))
            _ = try await client.send(.patch, "~~/clickpipes/\(id)", body: ["source": ["kafka": ["reversePrivateEndpointIds": []]]])
            #expect(try await client.send(.delete, "\(Self.path)/\(endpoint.string ?? "")").status == 200)
        }
    }
}
