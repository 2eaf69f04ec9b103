private import Catalog
private import FoundationEssentials
private import Hummingbird
private import PipeCore

/// Where the tables of a database pipe stand. Not in ClickHouse Cloud.
package struct ClickPipeTablesResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        routes.get(
            "\(APIPath.pipe)/tables", permission: .viewPipes,
            Operation(
                "clickPipeTablesGet", "The mapped tables of a database pipe and how far each is.", tag: "ClickPipes",
                result: .list(PipeSchemas.table)), handler: list)
    }

    /// One element for each mapping, in their order, also of a pipe that has never run.
    @Sendable private func list(_ request: Request, _ context: APIContext) async throws -> Response {
        let pipe = try await api.requirePipe(context)
        guard try api.family(of: pipe) == .database else {
            throw APIError.badRequest("only database pipes have mapped tables; this one reads \(pipe.kind)")
        }
        let statuses = try await api.catalog.tables(of: pipe.id)
        let mapped =
            (try pipe.spec(api.sources).source as? any DatabaseSource)?.mappedTables
            ?? statuses.map { MappedTable(source: $0.progress?.source ?? "", target: $0.target) }
        let known = Dictionary(statuses.map { ($0.target, $0) }, uniquingKeysWith: { first, _ in first })
        return try context.reply(.array(mapped.map { Self.document($0, known[$0.target]) }))
    }

    private static func document(_ table: MappedTable, _ status: TableStatus?) -> JSONValue {
        let progress = status?.progress
        let written = status?.written ?? RowEvents()
        func count(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        var members: [String: JSONValue] = [
            "targetTable": .string(table.target), "source": .string(table.source),
            "state": .string((progress?.state ?? .waiting).rawValue), "snapshotRows": count(progress?.rows.done ?? 0),
            "snapshotChunks": count(progress?.chunks.done ?? 0), "inserts": count(written.inserts), "updates": count(written.updates),
            "deletes": count(written.deletes),
        ]
        members["message"] = progress?.message.map(JSONValue.string)
        members["snapshotRowsTotal"] = progress?.rows.total.map(count)
        members["snapshotChunksTotal"] = progress?.chunks.total.map(count)
        members["lagMs"] = status?.lag.map(JSONValue.integer)
        // Newest first, as people read them.
        if let events = status?.schemaEvents, !events.isEmpty {
            members["schemaChanges"] = .array(
                events.reversed().map { event in
                    .object(["time": .string(time(event.time)), "change": .string(event.text)])
                })
        }
        members["updatedAt"] = (status?.updatedAt).map { .string(time($0)) }
        return .object(members)
    }

    private static func time(_ milliseconds: Int64) -> String {
        WireDate.string(Date(timeIntervalSince1970: Double(milliseconds) / 1000))
    }
}
