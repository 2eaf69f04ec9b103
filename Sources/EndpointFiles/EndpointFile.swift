internal import Catalog
internal import PipeCore
internal import QueryEndpoints

/// One endpoint as its file wants it.
package struct EndpointFile: Hashable, Sendable {
    /// As the user named it.
    package var file: String
    package var name: String
    package var id: String?
    /// Names or ids.
    package var apiKeys: [String]
    /// The settings, checked and with defaults, and `sql`; the secret of tokens is in the clear.
    var settings: JSONValue
    /// Where to point for problems that show later.
    private(set) var apiKeysLine: Int
    private(set) var nameLine: Int
    private(set) var idLine: Int

    /// - Parameters:
    ///   - defaultName: name of the file without its ending.
    ///   - environment: where `${NAME}` of a secret is looked up.
    /// - Throws: everything wrong with the file.
    package init(_ text: String, file: String, defaultName: String, environment: [String: String]) throws(InvalidFiles) {
        let front: FrontMatter
        let yaml: LocatedYAML
        do throws(FileProblem) {
            front = try FrontMatter(text, file: file)
            yaml = try LocatedYAML(front.yaml, file: file, firstLine: front.yamlLine, textMaps: EndpointFileSchema.textMaps)
        } catch { throw InvalidFiles(problems: [error]) }

        var problems: [Problem] = []
        var settings = EndpointFileSchema.settings.checked(yaml.document, mode: .strict, problems: &problems)
        if let secret = settings["tokens"]?["secret"]?.string {
            settings["tokens"]?["secret"] = Self.secret(secret, environment, &problems)
        }
        settings["name"] = settings["name"] ?? .string(defaultName)
        settings["sql"] = .string(front.sql)
        var found = problems.map { FileProblem(file, line: yaml.line(of: $0.field), $0.description) }
        let statement: ParameterizedStatement?
        do throws(StatementProblem) {
            statement = try ParameterizedStatement(front.sql)
        } catch {
            found.append(FileProblem(file, line: front.sqlLine + (error.line ?? 1) - 1, error.reason))
            statement = nil
        }
        let known = Set(problems.map(\.field))
        for problem in Self.problems(of: settings, statement) where !known.contains(problem.field) {
            found.append(FileProblem(file, line: yaml.line(of: problem.field), problem.description))
        }
        if !found.isEmpty { throw InvalidFiles(problems: found.sorted { $0.line < $1.line }) }

        self.file = file
        name = settings["name"]?.string ?? defaultName
        id = settings["id"]?.string?.lowercased()
        apiKeys = (settings["apiKeys"]?.array ?? []).compactMap(\.string)
        apiKeysLine = yaml.line(of: FieldPath("apiKeys"))
        nameLine = yaml.line(of: FieldPath("name"))
        idLine = yaml.line(of: FieldPath("id"))
        self.settings = settings
    }

    /// The value of the variable that `${NAME}` names; a secret in the file itself is refused, for files end in repositories.
    private static func secret(_ text: String, _ environment: [String: String], _ problems: inout [Problem]) -> JSONValue {
        let field = FieldPath("tokens.secret")
        guard text.hasPrefix("${"), text.hasSuffix("}"), text.count > 3 else {
            problems.append(Problem(field, "must be ${NAME}, the name of an environment variable; secrets do not belong into files"))
            return .string(text)
        }
        let name = String(text.dropFirst(2).dropLast())
        guard let value = environment[name], !value.isEmpty else {
            problems.append(Problem(field, "needs the environment variable \(name), which is not set"))
            return .string(text)
        }
        return .string(value)
    }

    /// What the schema cannot say.
    private static func problems(of settings: JSONValue, _ statement: ParameterizedStatement?) -> [Problem] {
        var problems: [Problem] = []
        if let tokens = settings["tokens"], let trust = try? tokens.decode(TokenTrust.self) {
            problems += TokenVerifier.problems(of: trust, declared: statement?.parameters.map(\.name))
        }
        guard let statement else { return problems }
        for (name, value) in (settings["parameters"]?.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            let field = FieldPath("parameters")[name]
            guard statement.parameters.contains(where: { $0.name == name }) else {
                problems.append(Problem(field, "is not a parameter of the SQL"))
                continue
            }
            do throws(InvalidParameter) {
                try statement.check([name: value.string ?? ""])
            } catch {
                problems.append(Problem(field, "is not a value of type \(error.type): \(error.reason)"))
            }
        }
        if statement.kind != .read, settings["cacheSeconds"] != nil {
            problems.append(Problem("cacheSeconds", "is only for statements that read"))
        }
        return problems
    }
}
