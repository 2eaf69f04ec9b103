private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// The audit log.
package struct ActivitiesResource: APIResource {
    let api: APIDependencies
    package init(api: APIDependencies) { self.api = api }

    private static let tag = "Organization"

    private static let schema = ObjectSchema(
        "Activity", "One thing that somebody did.",
        fields: [
            Field("id", .uuid, "Id."), Field("createdAt", .dateTime, "When."),
            Field(
                "type", .string,
                "A type of ClickHouse Cloud's contract, or one beginning with `clickpipe_`, `role_`, `saved_query_` or `query_endpoint_`."),
            Field("actorType", .oneOf(["api", "system"]), "A key, or Penstock itself."),
            Field("actorId", .string, "Resource id of the key; absent for a refused sign-in."),
            Field("actorDetails", .string, "Name of the key."),
            Field("actorIpAddress", .string, "Where the request came from."),
            Field("organizationId", .uuid, "The organization."), Field("serviceId", .uuid, "The service, where there is one."),
            Field("userAgent", .string, "Program that sent the request."),
            Field("targetKeyId", .uuid, "The key acted upon."),
            Field("targetId", .string, "The pipe, role or other thing acted upon."),
            Field("keyUpdateType", .string, "What of a key was changed."),
        ])

    package func addRoutes(to routes: inout RouteTable) {
        let activities = "\(APIPath.organization)/activities"
        routes.get(
            activities, permission: .viewActivities,
            Operation(
                "activityGetList", "List activities, newest first", tag: Self.tag,
                query: [
                    .init("from_date", .string, "Not before: a date or an RFC 3339 timestamp."),
                    .init("to_date", .string, "Not after: a date, which includes the whole day, or an RFC 3339 timestamp."),
                ], result: .list(Self.schema))
        ) { request, context in
            let from = try bound("from_date", request, dayEnds: false)
            let to = try bound("to_date", request, dayEnds: true)
            if let from, let to, from > to { throw APIError.badRequest("from_date must not be after to_date") }
            return try context.reply(.array(try await api.catalog.activities(from: from, to: to).map(document)))
        }
        routes.get(
            "\(activities)/{activityId}", permission: .viewActivities,
            Operation("activityGet", "Get an activity", tag: Self.tag, result: .object(Self.schema))
        ) { _, context in
            let id = try context.uuid("activityId")
            guard let activity = try await api.catalog.activity(id) else {
                throw APIError.notFound("activity \(id) does not exist")
            }
            return try context.reply(document(activity))
        }
    }

    private func bound(_ name: String, _ request: Request, dayEnds: Bool) throws -> Date? {
        guard let text = request.uri.queryParameters[Substring(name)].map(String.init), !text.isEmpty else { return nil }
        if let day = WireDate.day(text) { return dayEnds ? day.addingTimeInterval(86_399.999) : day }
        guard let date = WireDate.date(text) else {
            throw APIError.badRequest("\(name) must be a date (2026-01-31) or an RFC 3339 timestamp (2026-01-31T12:00:00Z)")
        }
        return date
    }

    private func document(_ activity: ActivityRecord) -> JSONValue {
        let isAboutKey = activity.type.contains("key_")
        func text(_ value: String?) -> JSONValue { value.flatMap { $0.isEmpty ? nil : .string($0) } ?? .null }
        return [
            "id": .string(activity.id), "createdAt": .string(WireDate.string(activity.createdAt)), "type": .string(activity.type),
            "actorType": .string(activity.actorType), "actorId": text(activity.actorID),
            "actorDetails": text(activity.actorDetails), "actorIpAddress": text(activity.actorIPAddress),
            "organizationId": .string(api.organizationID), "serviceId": text(activity.serviceID),
            "userAgent": text(activity.userAgent), "targetKeyId": text(isAboutKey ? activity.targetID : nil),
            "targetId": text(isAboutKey ? nil : activity.targetID), "keyUpdateType": text(activity.keyUpdateType),
        ]
    }
}
