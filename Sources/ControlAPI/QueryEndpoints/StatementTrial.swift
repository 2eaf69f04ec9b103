package import Catalog
package import ClickHouse
package import QueryEndpoints

/// How a statement is tried on its service before it is published, without running it.
package struct StatementTrial: Sendable {
    /// What to run.
    package let statement: Statement
    /// Whether some parameter had no value of its own: then the server may refuse the value instead of the statement.
    package let hasMadeUpValues: Bool

    /// Longest trial. Scalar subqueries run even under EXPLAIN.
    package static let seconds = 10

    /// Nil when the statement cannot be tried: a parameter has no value and none can be made up.
    package init?(_ query: EndpointQuery, _ statement: ParameterizedStatement, roles: [String]) {
        var given: [String: ParameterValue] = [:]
        for parameter in statement.parameters where query.parameters[parameter.name] == nil {
            guard let sample = SampleValue.text(of: parameter.dataType) else { return nil }
            given[parameter.name] = .text(sample)
        }
        guard let values = try? statement.bind(given, defaults: query.parameters) else { return nil }
        hasMadeUpValues = !given.isEmpty
        var settings = ["database": query.database, "max_execution_time": String(Self.seconds)]
        // Nobody reads the answer, but a format that does not exist is refused.
        settings["default_format"] = query.format ?? "Null"
        let sql: String
        switch (statement.kind, Self.firstWord(of: statement.sql)) {
        case (.read, "SELECT"), (.read, "WITH"), (.read, "FROM"), (.read, "("):
            sql = "EXPLAIN \(statement.sql)"
            // 1 refuses a SETTINGS clause.
            settings["readonly"] = statement.hasSettings ? "2" : "1"
        case (.insert(let shape), _) where shape.rows == .select(readsBody: false) && !statement.sql.uppercased().contains("FUNCTION"):
            // Checks tables, columns and rights on both sides and inserts nothing. It opens the target, which for a table function
            // can mean to make a file.
            sql = "EXPLAIN PIPELINE \(statement.sql)"
        case (.insert(let shape), _) where shape.rows == .body && shape.format == nil:
            sql = "EXPLAIN AST \(statement.sql) FORMAT TabSeparated"
        default:
            sql = "EXPLAIN AST \(statement.sql)"
        }
        self.statement = Statement(sql, encodedParameters: values, settings: settings, roles: roles)
    }

    /// What a failed trial says about the statement, for its author; nil when it says nothing.
    package func objection(_ failure: QueryFailure) -> String? {
        let isRefusal = [400, 403, 404].contains(failure.status)
        let isCertain = Int(failure.code).map(Self.structural.contains) ?? false
        return isCertain || (isRefusal && !hasMadeUpValues) ? failure.details : nil
    }

    /// Errors of ClickHouse that no other value would avoid (names in `ErrorCodes.cpp` of 25.8).
    private static let structural: Set<Int> = [
        16,  // NO_SUCH_COLUMN_IN_TABLE
        20,  // NUMBER_OF_COLUMNS_DOESNT_MATCH
        35,  // TOO_FEW_ARGUMENTS_FOR_FUNCTION
        42,  // NUMBER_OF_ARGUMENTS_DOESNT_MATCH
        43,  // ILLEGAL_TYPE_OF_ARGUMENT
        46,  // UNKNOWN_FUNCTION
        47,  // UNKNOWN_IDENTIFIER
        50,  // UNKNOWN_TYPE
        60,  // UNKNOWN_TABLE
        62,  // SYNTAX_ERROR
        63,  // UNKNOWN_AGGREGATE_FUNCTION
        73,  // UNKNOWN_FORMAT
        80,  // INCORRECT_QUERY
        81,  // UNKNOWN_DATABASE
        115,  // UNKNOWN_SETTING
        164,  // READONLY
        179,  // MULTIPLE_EXPRESSIONS_FOR_ALIAS
        184,  // ILLEGAL_AGGREGATION
        207,  // AMBIGUOUS_IDENTIFIER
        215,  // NOT_AN_AGGREGATE
        352,  // AMBIGUOUS_COLUMN_NAME
        452,  // SETTING_CONSTRAINT_VIOLATION
        497,  // ACCESS_DENIED
    ]

    /// In capitals, past blanks and comments; `(` for a parenthesis.
    static func firstWord(of sql: String) -> String {
        var rest = sql[...]
        while true {
            rest = rest.drop(while: \.isWhitespace)
            if rest.hasPrefix("--") || rest.hasPrefix("#") {
                rest = rest.drop { !$0.isNewline }
            } else if rest.hasPrefix("/*"), let end = rest.firstRange(of: "*/") {
                rest = rest[end.upperBound...]
            } else {
                break
            }
        }
        return rest.first == "(" ? "(" : rest.prefix { $0.isLetter }.uppercased()
    }
}
