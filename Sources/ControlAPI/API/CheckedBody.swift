package import Hummingbird
package import PipeCore

/// A JSON body that fits `schema`: normalised in create mode, with its nulls in patch mode.
///
/// Throws what ``jsonBody(_:context:)`` throws, and 400 with all problems at once. A null for a field outside `clearable` is
/// a problem in patch mode: there is nothing to clear.
package func checkedBody(
    _ request: Request, context: APIContext, _ schema: ObjectSchema, mode: SchemaMode, clearable: Set<String> = []
) async throws -> JSONValue {
    let body = try await jsonBody(request, context: context)
    var problems: [Problem] = []
    let checked = schema.checked(body, mode: mode, problems: &problems)
    if mode == .patch {
        for field in schema.fields where checked[field.name]?.isNull == true && !clearable.contains(field.name) {
            problems.append(Problem(field.name, "must not be null"))
        }
    }
    try InvalidConfiguration.check(problems)
    return checked
}
