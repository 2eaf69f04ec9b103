extension ObjectSchema {
    /// `stored` with the members of a checked PATCH body laid over it.
    ///
    /// Omitted means unchanged, null clears (back to the default where there is one), objects merge, lists and secrets replace. A changed immutable field is a problem; the
    /// stored value repeated is not, because Terraform sends whole sources back; to clear an object changes the immutable members it has. A secret that is immutable cannot be
    /// compared with anything the client knows, so a differing one is refused like any other change.
    public func patched(
        _ stored: JSONValue, with patch: JSONValue, at path: FieldPath = .root, problems: inout [Problem]
    ) -> JSONValue {
        guard let changes = patch.object else { return stored }
        var result = stored.object ?? [:]
        for field in fields {
            guard let change = changes[field.name], !field.traits.contains(.patchOnly) else { continue }
            let old = result[field.name] ?? .null
            if field.traits.contains(.immutable) {
                let meant = change.isNull ? field.defaultValue ?? .null : change
                if !Self.means(meant, sameAs: old, schema: field.schema) {
                    problems.append(Self.unchangeable(path[field.name]))
                }
                continue
            }
            if change.isNull, case .object(let object) = field.schema,
                object.fields.contains(where: { member in
                    member.traits.contains(.immutable) && !(old[member.name] ?? .null).isNothing
                })
            {
                problems.append(Self.unchangeable(path[field.name]))
            } else if change.isNull {
                result[field.name] = field.defaultValue
                if field.traits.contains(.required), field.defaultValue == nil {
                    problems.append(Problem(path[field.name], "is required and cannot be cleared"))
                }
            } else if case .object(let object) = field.schema, !field.traits.contains(.secret) {
                let base = old.object == nil ? JSONValue.object([:]) : old
                result[field.name] = object.patched(base, with: change, at: path[field.name], problems: &problems)
            } else {
                result[field.name] = change
            }
        }
        return .object(result)
    }

    private static func unchangeable(_ path: FieldPath) -> Problem {
        Problem(path, "cannot be changed after the pipe was created; delete the pipe and create it anew")
    }

    /// Whether a repeated value is the stored one: unset, null, empty text and empty lists are all "nothing"; an object may
    /// be repeated in part.
    private static func means(_ change: JSONValue, sameAs old: JSONValue, schema: Schema) -> Bool {
        if change == old || (change.isNothing && old.isNothing) { return true }
        if case .object(let object) = schema, let members = change.object, let stored = old.object {
            return object.fields.allSatisfy { field in
                guard let member = members[field.name] else { return true }
                return means(member, sameAs: stored[field.name] ?? field.defaultValue ?? .null, schema: field.schema)
            }
        }
        return false
    }
}

extension JSONValue {
    fileprivate var isNothing: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .string(let text): text.isEmpty
        case .array(let elements): elements.isEmpty
        case .object(let members): members.values.allSatisfy(\.isNothing)
        case .integer, .number, .exactNumber: false
        }
    }
}
