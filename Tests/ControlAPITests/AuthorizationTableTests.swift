import Catalog
import ControlAPI
import FoundationEssentials
import HTTPTypes
import PipeCore
import Testing

/// Every operation against every kind of key.
@Suite struct AuthorizationTableTests {
    /// A key of each kind: the three system roles, a custom role that sees the pipes of one service, and a key without roles.
    private enum Kind: String, CaseIterable { case admin, developer, query, viewer, nobody }

    private static let everybody: Set<Kind> = Set(Kind.allCases)
    private static let administrators: Set<Kind> = [.admin]
    private static let developers: Set<Kind> = [.admin, .developer]
    private static let viewers: Set<Kind> = [.admin, .developer, .viewer]

    /// Who may call what, by `operationId`.
    private static let table: [String: Set<Kind>] = [
        "openAPIGet": everybody, "organizationGetList": everybody, "whoAmI": everybody,
        "organizationGet": developers, "organizationUpdate": administrators,
        "instanceGetList": viewers, "instanceGet": viewers, "instanceCreate": administrators, "instanceUpdate": administrators,
        "instanceDelete": administrators, "instanceStateUpdate": administrators,
        "openapiKeyGetList": developers, "openapiKeyGet": developers, "openapiKeyCreate": administrators,
        "openapiKeyUpdate": administrators, "openapiKeyDelete": administrators,
        "organizationRolesGetList": developers, "organizationRoleGet": developers, "organizationRolePost": administrators,
        "organizationRolePatch": administrators, "organizationRoleDelete": administrators,
        "activityGetList": developers, "activityGet": developers,
        "clickPipeGetList": viewers, "clickPipeGet": viewers, "clickPipeContextGet": viewers, "clickPipeFilesGet": viewers,
        "clickPipeTablesGet": viewers,
        "clickPipeSettingsGet": viewers, "clickPipeCreate": developers, "clickPipeUpdate": developers, "clickPipeDelete": developers,
        "clickPipeStateUpdate": developers, "clickPipeScalingUpdate": developers, "clickPipeSettingsUpdate": developers,
        "clickPipeSchemaDiscovery": developers, "clickPipeErrorGetList": viewers, "clickPipeErrorReplay": developers,
        "clickPipeRewind": developers,
        "clickPipeCdcScalingGet": viewers, "clickPipeCdcScalingUpdate": developers,
        // The path without a service asks for the permission on all of them.
        "clickPipeCdcScalingGetOfOnlyService": developers, "clickPipeCdcScalingUpdateOfOnlyService": developers,
        "clickPipeReversePrivateEndpointGetList": viewers, "clickPipeReversePrivateEndpointGet": viewers,
        "clickPipeReversePrivateEndpointCreate": developers, "clickPipeReversePrivateEndpointUpdate": developers,
        "clickPipeReversePrivateEndpointDelete": developers,
        "savedQueryList": viewers, "savedQueryGet": viewers, "savedQueryCreate": administrators, "savedQueryUpdate": administrators,
        "savedQueryDelete": administrators,
        "queryApiEndpointList": viewers, "queryApiEndpointGet": viewers, "queryApiEndpointCreate": administrators,
        "queryApiEndpointUpdate": administrators, "queryApiEndpointDelete": administrators,
        "queryApiEndpointVersionList": viewers, "queryApiEndpointVersionGet": viewers, "queryApiEndpointVersionPublish": administrators,
        "queryApiEndpointListOpenAPI": viewers, "queryApiEndpointOpenAPI": viewers,
        "instanceQueryEndpointGet": viewers, "instanceQueryEndpointUpsert": administrators, "instanceQueryEndpointDelete": administrators,
        "queryApiEndpointMonitoringGet": viewers, "queryApiEndpointCallList": viewers,
        "instanceQueryEndpointMonitoringGet": viewers, "instanceQueryEndpointCallList": viewers,
        "organizationPrometheusGet": developers, "instancePrometheusGet": viewers,
        "clickPipeLogGetList": viewers, "clickPipeSampleGetList": viewers, "eventStreamGet": Set(Kind.allCases),
    ]

    @Test func everyOperationAdmitsExactlyTheKeysOfTheTable() async throws {
        let fixture = try await APIFixture()
        let viewer = RoleRecord(
            id: "cccccccc-0000-4000-8000-000000000009", name: "viewer", actors: [],
            policies: [
                [
                    "allowDeny": "ALLOW", "permissions": ["control-plane:service:view"],
                    "resources": [.string("instance/\(APIFixture.serviceID)")],
                ]
            ], createdAt: APIFixture.start, updatedAt: APIFixture.start)
        try await fixture.catalog.create(viewer)
        try await fixture.addKey("viewer", assigned: [viewer.id])
        try await fixture.addKey("nobody")
        let routes = try fixture.api.routes().routes
        #expect(Set(routes.map(\.operation.id)) == Set(Self.table.keys))
        try await fixture.run { client async throws in
            // The stream of events has no end; it shows each key what that key may see: see EventFeedTests and the end-to-end suite.
            for route in routes where route.operation.id != "eventStreamGet" {
                let allowed = try #require(Self.table[route.operation.id], "\(route.operation.id) is not in the table")
                let path = Self.path(of: route)
                let body: JSONValue? = route.method == .get || route.method == .delete ? nil : [:]
                for kind in Kind.allCases {
                    let answer = try await client.send(route.method, path, key: kind.rawValue, body: body)
                    let isAdmitted = answer.status != 401 && answer.status != 403
                    #expect(isAdmitted == allowed.contains(kind), "\(kind) \(route.operation.id): \(answer.status) \(answer.error)")
                    #expect(answer.status < 500, "\(kind) \(route.operation.id): \(answer.error)")
                }
                let anonymous = try await client.send(route.method, path, key: nil, body: body)
                #expect((anonymous.status == 401) == (route.access != .open), "\(route.operation.id): \(anonymous.status)")
            }
        }
    }

    /// The path with the organization and service of the fixture, and ids of nothing.
    private static func path(of route: Route) -> String {
        var path = route.path.replacing("{organizationId}", with: APIFixture.organizationID)
        path = path.replacing("{serviceId}", with: APIFixture.serviceID)
        for name in route.parameters { path = path.replacing("{\(name)}", with: "dddddddd-0000-4000-8000-000000000001") }
        return path
    }
}
