package import Hummingbird
package import PipeCore

/// A JSON body that fits `schema`: normalised in create mode, with its nulls in patch mode.
///
/// Throws what ``jsonBody(_:context:)`` throws, and 400 with all problems at once. In patch mode a null for a
/// field outside `clearable` changes nothing, as if it had been left out.
package func checkedBody(
    _ request: Request, context: APIContext, _ schema: ObjectSchema, mode: SchemaMode, clearable: Set<String> = []
) async throws -> JSONValue {
    let body = try await jsonBody(request, context: context)
    var problems: [Problem] = []
    var checked = schema.checked(body, mode: mode, problems: &problems)
    if mode == .patch {
        for field in schema.fields where checked[field.name]?.isNull == true && !clearable.contains(field.name) {
            checked[field.name] = nil
        }
    }
    try InvalidConfiguration.check(problems)
    return checked
}

extension [Problem] {
    /// Adds violations of rules, except about fields that are refused already: what has the wrong shape needs no second objection.
    mutating func add(_ more: [Problem]) {
        let named = Set(map(\.field))
        append(contentsOf: more.filter { !named.contains($0.field) })
    }
}
