package import Catalog
private import FoundationEssentials
package import PipeCore

/// The wire form of a stored pipe.
///
/// Clients compare it with what they sent, so it holds nothing the user did not set, except the values the contract computes:
/// those the source filled in when the pipe was created. Secrets and roles are never in it.
package struct PipeDocument: Sendable {
    package let value: JSONValue

    package init(_ record: PipeRecord, sources: SourceCatalog) {
        var source = record.source
        // Terraform reads through `settings` of a database source without asking whether it is there.
        if sources[record.kind]?.family == .database, source["settings"] == nil { source["settings"] = [:] }
        var members: [String: JSONValue] = [
            "id": .string(record.id.rawValue),
            "serviceId": .string(record.serviceID),
            "name": .string(record.name),
            "state": .string(record.state.rawValue),
            "source": [:],
            "destination": Self.destination(record.destination),
            "createdAt": .string(WireDate.string(record.createdAt)),
            "updatedAt": .string(WireDate.string(record.updatedAt)),
        ]
        members["source"]?[record.kind] = source
        if let message = record.stateMessage { members["stateMessage"] = .string(message) }
        if let mappings = record.fieldMappings {
            members["fieldMappings"] = .array(
                mappings.map { ["sourceField": .string($0.sourceField), "destinationField": .string($0.destinationField)] })
        }
        if !record.settings.values.isEmpty { members["settings"] = .object(record.settings.values) }
        if let scaling = record.scaling { members["scaling"] = Self.scaling(scaling) }
        value = .object(members)
    }

    private static func destination(_ destination: Destination) -> JSONValue {
        var members: [String: JSONValue] = ["database": .string(destination.database)]
        members["table"] = destination.table.map(JSONValue.string)
        members["managedTable"] = destination.managedTable.map(JSONValue.bool)
        members["columns"] = destination.columns.map { columns in
            .array(columns.map { ["name": .string($0.name), "type": .string($0.type)] })
        }
        if let definition = destination.tableDefinition {
            var engine: [String: JSONValue] = ["type": .string(definition.engine.type)]
            engine["versionColumnId"] = definition.engine.versionColumnId.map(JSONValue.string)
            engine["columnIds"] = definition.engine.columnIds.map { .array($0.map(JSONValue.string)) }
            var table: [String: JSONValue] = ["engine": .object(engine)]
            table["sortingKey"] = definition.sortingKey.map { .array($0.map(JSONValue.string)) }
            table["partitionBy"] = definition.partitionBy.map(JSONValue.string)
            table["primaryKey"] = definition.primaryKey.map(JSONValue.string)
            members["tableDefinition"] = .object(table)
        }
        return .object(members)
    }

    private static func scaling(_ scaling: PipeScaling) -> JSONValue {
        var members: [String: JSONValue] = [
            "replicas": .integer(Int64(scaling.replicas)),
            "replicaCpuMillicores": .integer(Int64(scaling.replicaCpuMillicores)),
            "replicaMemoryGb": .number(scaling.replicaMemoryGb),
        ]
        members["concurrency"] = scaling.concurrency.map { .integer(Int64($0)) }
        return .object(members)
    }
}
