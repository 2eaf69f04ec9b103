extension ObjectSchema {
    /// Splits a document into what may be shown and what must be sealed. Both keep the nesting, so that
    /// ``joined(_:secrets:)`` can put them together again.
    public func separated(_ document: JSONValue) -> (visible: JSONValue, secrets: JSONValue) {
        guard let members = document.object else { return (document, .object([:])) }
        var visible = members
        var secrets: [String: JSONValue] = [:]
        for field in fields {
            guard let value = members[field.name] else { continue }
            if field.traits.contains(.secret) {
                visible[field.name] = nil
                secrets[field.name] = value
            } else if case .object(let object) = field.schema {
                let parts = object.separated(value)
                visible[field.name] = parts.visible
                if parts.secrets.object?.isEmpty == false { secrets[field.name] = parts.secrets }
            }
        }
        return (.object(visible), .object(secrets))
    }

    /// The whole document again: the inverse of ``separated(_:)``.
    public static func joined(_ visible: JSONValue, secrets: JSONValue) -> JSONValue {
        guard var members = visible.object, let hidden = secrets.object else { return visible }
        for (name, value) in hidden {
            if let shown = members[name], shown.object != nil, value.object != nil {
                members[name] = joined(shown, secrets: value)
            } else {
                members[name] = value
            }
        }
        return .object(members)
    }
}
