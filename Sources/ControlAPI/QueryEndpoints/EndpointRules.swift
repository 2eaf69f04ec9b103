internal import Catalog
internal import PipeCore
internal import QueryEndpoints

/// What must hold of an endpoint beyond the shape of its fields. No I/O.
enum EndpointRules {
    /// Formats of a wrapped answer (version 1).
    static let wrappedFormats: Set<String> = [
        "TabSeparated", "TabSeparatedWithNames", "TabSeparatedWithNamesAndTypes", "JSON", "JSONEachRow", "CSV", "CSVWithNames",
        "CSVWithNamesAndTypes",
    ]

    /// What statements that change something begin with, INSERT apart.
    private static let writing: Set<String> = [
        "ALTER", "ATTACH", "BACKUP", "CREATE", "DELETE", "DETACH", "DROP", "EXCHANGE", "GRANT", "KILL", "MOVE", "OPTIMIZE", "RENAME",
        "REPLACE", "RESTORE", "REVOKE", "SYSTEM", "TRUNCATE", "UNDROP", "UPDATE", "WITH",
    ]

    /// Every violation, each under its field.
    static func problems(of endpoint: QueryEndpointRecord) -> [Problem] {
        let (statement, unreadable) = read(endpoint.query.sql)
        var problems = blankProblems(["name": endpoint.name, "database": endpoint.query.database]) + unreadable
        problems += endpoint.roles.enumerated().compactMap { role in
            isBlank(role.element) ? Problem(FieldPath("roles")[role.offset], "must not be blank") : nil
        }
        problems += originProblems(endpoint.allowedOrigins)
        problems += formatProblems(endpoint)
        problems += settingProblems(endpoint.limits.settings)
        if let tokens = endpoint.tokens { problems += TokenVerifier.problems(of: tokens, declared: statement?.parameters.map(\.name)) }
        guard let statement else { return problems }
        problems += defaultProblems(endpoint.query.parameters, of: statement)
        if statement.kind == .write, case let word = StatementTrial.firstWord(of: statement.sql), !writing.contains(word) {
            return problems + [Problem("sql", "begins with '\(word.prefix(40))', which is not a statement that an endpoint can run")]
        }
        if statement.kind != .read {
            if endpoint.query.cacheSeconds != nil { problems.append(Problem("cacheSeconds", "is only for statements that read")) }
            if endpoint.roles == [EndpointAuthority.readOnly] {
                problems.append(Problem("roles", "hold nothing but \(EndpointAuthority.readOnly), with which this statement cannot write"))
            }
        }
        return problems
    }

    /// What is wrong with a query that is only kept and not served. Its SQL may still be under construction; one thing must hold:
    /// it has a name and a database.
    static func problems(of query: SavedQueryRecord) -> [Problem] {
        blankProblems(["name": query.name, "database": query.database, "sql": query.sql])
    }

    static func originProblems(_ origins: [String], field: String = "allowedOrigins", isList: Bool = true) -> [Problem] {
        origins.enumerated().compactMap { index, origin in
            guard let objection = AllowedOrigin.objection(to: origin) else { return nil }
            return isList
                ? Problem(FieldPath(field)[index], objection) : Problem(FieldPath(field), "entry \(index + 1) \(objection)")
        }
    }

    private static func read(_ sql: String) -> (statement: ParameterizedStatement?, problems: [Problem]) {
        // What is empty is refused by the schema already.
        if sql.isEmpty { return (nil, []) }
        do throws(StatementProblem) {
            return (try ParameterizedStatement(sql), [])
        } catch {
            return (nil, [Problem("sql", error.description)])
        }
    }

    private static func defaultProblems(_ values: [String: String], of statement: ParameterizedStatement) -> [Problem] {
        values.sorted { $0.key < $1.key }.compactMap { name, value in
            let field = FieldPath("parameters")[name]
            guard statement.parameters.contains(where: { $0.name == name }) else {
                let names = statement.parameters.map(\.name)
                return Problem(
                    field, "is not a parameter of the SQL, which has " + (names.isEmpty ? "none" : names.joined(separator: ", ")))
            }
            do throws(InvalidParameter) {
                try statement.check([name: value])
                return nil
            } catch {
                return Problem(field, "is not a value of type \(error.type): \(error.reason)")
            }
        }
    }

    private static func formatProblems(_ endpoint: QueryEndpointRecord) -> [Problem] {
        guard let format = endpoint.query.format else { return [] }
        if !format.utf8.allSatisfy(isWordByte) {
            return [Problem("format", "must be the name of a ClickHouse format, such as JSONEachRow")]
        }
        if endpoint.answerVersion == 1, !wrappedFormats.contains(format) {
            return [Problem("format", "must be one of \(wrappedFormats.sorted().joined(separator: ", ")) with answerVersion 1")]
        }
        return []
    }

    private static func settingProblems(_ names: [String]) -> [Problem] {
        names.enumerated().compactMap { index, name in
            let path = FieldPath("limits.settings")[index]
            if !name.utf8.allSatisfy(isWordByte) { return Problem(path, "must be the name of a ClickHouse setting") }
            return SettingsPolicy.isDenied(name) ? Problem(path, "is a setting that no caller may have in hand") : nil
        }
    }

    private static func blankProblems(_ fields: [String: String]) -> [Problem] {
        fields.sorted { $0.key < $1.key }.filter { isBlank($0.value) }.map { Problem($0.key, "must not be blank") }
    }

    private static func isBlank(_ text: String) -> Bool { text.allSatisfy(\.isWhitespace) }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
