/// One table of a database source and the ClickHouse table that receives it.
public protocol TableMapping: Codable, Hashable, Sendable {
    /// The members that together name the source table, outermost first: `["sourceSchemaName", "sourceTable"]`.
    static var sourceFields: [String] { get }
    var targetTable: String { get }
    var useCustomSortingKey: Bool? { get }
    var sortingKeys: [String]? { get }
}

extension TableMapping {
    public var useCustomSortingKey: Bool? { nil }
    public var sortingKeys: [String]? { nil }
}

/// The engines a mapped table can have.
public enum MappedTableEngine: String, Codable, Hashable, Sendable, CaseIterable {
    case mergeTree = "MergeTree"
    case replacingMergeTree = "ReplacingMergeTree"
    case null = "Null"
}

/// What all database sources do with their table mappings.
public enum TableMappings {
    /// The three fields of a source that carry mappings: the list itself, and the two edits of a PATCH. `removal` names the
    /// members of an element that a removal may repeat.
    public static func fields(_ element: ObjectSchema, removal: [String]) -> [Field] {
        let removed = ObjectSchema(
            "\(element.name)Removal", "A mapping to remove, found by its source and, where given, its target.",
            fields: element.fields.filter { removal.contains($0.name) }.map { field in
                guard field.name == "targetTable" else { return field }
                return Field(field.name, .string, field.summary, .emptyIsUnset)
            })
        return [
            Field(
                "tableMappings", .list(.object(element)), "The tables to replicate; at least one.", [.required, .immutable]),
            Field("tableMappingsToAdd", .list(.object(element)), "Tables to add; the pipe must be paused.", .patchOnly),
            Field("tableMappingsToRemove", .list(.object(removed)), "Tables to remove; the pipe must be paused.", .patchOnly),
        ]
    }

    /// At least one mapping, no target twice, sorting keys exactly where they are announced.
    public static func problems(_ mappings: [some TableMapping], at path: FieldPath) -> [Problem] {
        let path = path["tableMappings"]
        if mappings.isEmpty { return [Problem(path, "must have at least one mapping")] }
        var problems: [Problem] = []
        var targets: Set<String> = []
        for (index, mapping) in mappings.enumerated() {
            if !targets.insert(mapping.targetTable).inserted {
                problems.append(Problem(path[index]["targetTable"], "'\(mapping.targetTable)' is the target of another mapping"))
            }
            let keys = mapping.sortingKeys ?? []
            if mapping.useCustomSortingKey == true, keys.isEmpty {
                problems.append(Problem(path[index]["sortingKeys"], "is required when useCustomSortingKey is true"))
            } else if mapping.useCustomSortingKey != true, !keys.isEmpty {
                problems.append(Problem(path[index]["sortingKeys"], "needs useCustomSortingKey to be true"))
            }
        }
        return problems
    }

    /// The rules for `tableMappingsToAdd` and `tableMappingsToRemove`: only at rest, no table in both, nothing unknown removed.
    /// `product` starts the message clients look for: "Postgres ClickPipe must be paused to edit".
    public static func problems<Mapping: TableMapping>(
        editing stored: [Mapping], patch: JSONValue, product: String, isAtRest: Bool, at path: FieldPath
    ) -> [Problem] {
        let added = patch["tableMappingsToAdd"]?.array ?? []
        let removed = patch["tableMappingsToRemove"]?.array ?? []
        if added.isEmpty && removed.isEmpty { return [] }
        if !isAtRest {
            return [
                Problem(.root, "\(product) ClickPipe must be paused to edit its table mappings: stop the pipe, then repeat the request")
            ]
        }
        var problems: [Problem] = []
        let additions = Set(added.map { source($0, Mapping.sourceFields) })
        let known = stored.compactMap { try? JSONValue(encoding: $0) }
        for (index, removal) in removed.enumerated() {
            let element = path["tableMappingsToRemove"][index]
            let name = source(removal, Mapping.sourceFields)
            if additions.contains(name) {
                problems.append(
                    Problem(element, "names \(name.joined(separator: ".")), which is also in tableMappingsToAdd: use two requests"))
            } else if !known.contains(where: { matches($0, removal, Mapping.sourceFields) }) {
                problems.append(Problem(element, "names \(name.joined(separator: ".")), which this pipe does not replicate"))
            }
        }
        return problems
    }

    /// `document` with the edits of `patch` applied to its `tableMappings`.
    public static func edited(_ document: JSONValue, patch: JSONValue?, sourceFields: [String]) -> JSONValue {
        let added = patch?["tableMappingsToAdd"]?.array ?? []
        let removed = patch?["tableMappingsToRemove"]?.array ?? []
        if added.isEmpty && removed.isEmpty { return document }
        var document = document
        let kept = (document["tableMappings"]?.array ?? []).filter { mapping in
            !removed.contains { matches(mapping, $0, sourceFields) }
        }
        document["tableMappings"] = .array(kept + added)
        return document
    }

    private static func source(_ mapping: JSONValue, _ fields: [String]) -> [String] { fields.map { mapping[$0]?.string ?? "" } }

    private static func matches(_ mapping: JSONValue, _ removal: JSONValue, _ sourceFields: [String]) -> Bool {
        if source(mapping, sourceFields) != source(removal, sourceFields) { return false }
        guard let target = removal["targetTable"]?.string else { return true }
        return mapping["targetTable"]?.string == target
    }
}

/// How a database pipe replicates.
public enum ReplicationMode: String, Codable, Hashable, Sendable, CaseIterable {
    /// A snapshot, then every change.
    case cdc
    /// A snapshot only; the pipe completes.
    case snapshot
    /// Changes only.
    case changesOnly = "cdc_only"
}
