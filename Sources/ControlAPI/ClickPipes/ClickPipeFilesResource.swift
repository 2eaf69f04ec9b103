private import Catalog
private import Hummingbird
private import PipeCore

/// The files a pipe has dealt with. Not in ClickHouse Cloud.
package struct ClickPipeFilesResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        routes.get(
            "\(APIPath.pipe)/files", permission: .viewPipes,
            Operation(
                "clickPipeFilesGet", "Files that a pipe has loaded or rejected, newest first.", tag: "ClickPipes",
                query: [
                    .init("limit", .integer(1...1000), "Most files to return; 100 by default."),
                    .init("offset", .integer(0...Int64.max), "Files to skip; 0 by default."),
                ], result: .list(PipeSchemas.file)), handler: list)
    }

    @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await api.requirePipe(context)
        let limit = try Self.number("limit", in: request, range: 1...1000) ?? 100
        let offset = try Self.number("offset", in: request, range: 0...Int.max) ?? 0
        let files = try await api.catalog.archive(of: pipe.id, limit: limit, offset: offset)
        return try context.reply(.array(files.map(Self.document)))
    }

    private static func document(_ file: ArchivedObject) -> JSONValue {
        var members: [String: JSONValue] = [
            "key": .string(file.object.key), "size": .integer(Int64(file.object.size)), "etag": .string(file.object.etag),
            "lastModified": .string(file.object.lastModified), "outcome": .string(file.outcome.rawValue),
        ]
        members["reason"] = file.reason.map(JSONValue.string)
        return .object(members)
    }

    private static func number(_ name: String, in request: Request, range: ClosedRange<Int>) throws -> Int? {
        guard let text = request.uri.queryParameters.get(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            let bounds = range.upperBound == Int.max ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            throw APIError.badRequest("\(name) must be a whole number, \(bounds)")
        }
        return number
    }
}
