/// A file split into its front matter (YAML) and its SQL, with the lines they begin on.
///
/// The front matter stands first, in a comment, so that editors take the file as SQL:
/// ```
/// /* ---
/// apiKeys: [dashboard]
/// --- */
/// SELECT …
/// ```
/// or between two lines `---`.
struct FrontMatter: Hashable {
    var yaml: String
    /// From 1.
    var yamlLine: Int
    /// Without white space around it.
    var sql: String
    var sqlLine: Int

    /// Throws where the front matter is missing or has no end.
    init(_ text: String, file: String) throws(FileProblem) {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
        guard let start = lines.firstIndex(where: { !Self.trimmed($0).isEmpty }) else {
            throw FileProblem(file, line: 1, "is empty")
        }
        let end: Set<String>
        switch Self.trimmed(lines[start].hasPrefix("\u{FEFF}") ? String(lines[start].dropFirst()) : lines[start]) {
        case "/* ---", "/*---": end = ["--- */", "---*/"]
        case "---": end = ["---"]
        default:
            throw FileProblem(file, line: start + 1, "must begin with its settings: a line '/* ---', YAML, and a line '--- */'")
        }
        guard let last = lines[(start + 1)...].firstIndex(where: { end.contains(Self.trimmed($0)) }) else {
            throw FileProblem(file, line: start + 1, "the settings that begin here have no end: a line '\(end.sorted()[0])'")
        }
        yaml = lines[(start + 1)..<last].joined(separator: "\n") + "\n"
        yamlLine = start + 2
        let rest = lines[(last + 1)...]
        guard let first = rest.firstIndex(where: { !Self.trimmed($0).isEmpty }) else {
            throw FileProblem(file, line: last + 1, "has no SQL after its settings")
        }
        sql = Self.trimmed(rest[first...].joined(separator: "\n"))
        sqlLine = first + 1
    }

    private static func trimmed(_ text: String) -> String {
        guard let start = text.firstIndex(where: { !$0.isWhitespace }), let end = text.lastIndex(where: { !$0.isWhitespace }) else {
            return ""
        }
        return String(text[start...end])
    }
}
