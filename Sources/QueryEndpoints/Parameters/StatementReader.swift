import ClickHouse

/// Finds parameters, kind, format and settings in a statement's tokens.
struct StatementReader {
    private(set) var sql = ""
    private(set) var parameters: [QueryParameter] = []
    private(set) var kind = StatementKind.write
    private(set) var format: String?
    private(set) var settings: [String] = []

    private let text: String
    /// Without blanks and comments, without semicolons at the end.
    private var tokens: [SQLToken] = []

    static func read(_ text: String) throws(StatementProblem) -> StatementReader {
        var reader = StatementReader(text: text)
        try reader.read()
        return reader
    }

    private init(text: String) { self.text = text }

    private mutating func read() throws(StatementProblem) {
        if text.utf8.contains(0) { throw StatementProblem("the query holds a NUL byte; remove it") }
        tokens = SQLToken.all(in: text).filter { !$0.isBlank }
        while tokens.last?.isPunctuation(";") == true { tokens.removeLast() }
        guard let last = tokens.last else { throw StatementProblem("the query is empty") }
        sql = String(text[..<last.text.endIndex])
        let classification: StatementClassifier
        do {
            classification = try StatementClassifier(tokens)
        } catch {
            throw problem(error.reason, at: error.token)
        }
        for token in tokens {
            if token.kind == .invalid { throw problem(Self.reason(invalid: token), at: token) }
            if token.isPunctuation(";") {
                throw problem("the query holds more than one statement; an endpoint runs exactly one", at: token)
            }
        }
        kind = classification.kind
        format = classification.format
        settings = classification.settings
        if !classification.keepsParameters { try findParameters() }
    }

    // MARK: Parameters

    private mutating func findParameters() throws(StatementProblem) {
        var known: [String: DataType] = [:]
        var index = 0
        while index < tokens.count {
            let opening = tokens[index]
            index += 1
            guard opening.isPunctuation("{"), index < tokens.count else { continue }
            // `{}` and `{'k': …}` are maps; ClickHouse has no other use for a brace.
            let next = tokens[index]
            if next.kind == .string || next.isPunctuation("}") { continue }
            guard next.kind == .word else {
                throw problem("a parameter is {name:Type} with a bare name of ASCII letters, digits and _", at: opening)
            }
            let name = String(next.text)
            guard index + 1 < tokens.count, tokens[index + 1].isPunctuation(":") else {
                throw problem("the parameter `\(name.clipped(to: 80))` needs a type: {name:Type}", at: opening)
            }
            let start = index + 2
            var end = start
            while end < tokens.count, !tokens[end].isPunctuation("}"), !tokens[end].isPunctuation("{") { end += 1 }
            guard end < tokens.count, tokens[end].isPunctuation("}") else {
                throw problem("the brace of the parameter `\(name.clipped(to: 80))` is not closed", at: opening)
            }
            let parameter = try parameter(name, type: tokens[start..<end], at: opening)
            if let type = known[name] {
                guard type == parameter.dataType else {
                    throw problem(
                        "the parameter `\(name.clipped(to: 80))` has two types; use one type, or two names", at: opening)
                }
            } else {
                guard parameters.count < Self.mostParameters else {
                    throw problem("a query has at most \(Self.mostParameters) parameters", at: opening)
                }
                known[name] = parameter.dataType
                parameters.append(parameter)
            }
            index = end + 1
        }
    }

    private static let mostParameters = 1000

    private func parameter(_ name: String, type tokens: ArraySlice<SQLToken>, at opening: SQLToken) throws(StatementProblem)
        -> QueryParameter
    {
        do {
            return QueryParameter(name: name, type: Self.text(of: tokens), dataType: try DataTypeParser.parse(tokens))
        } catch {
            throw problem("the type of the parameter `\(name.clipped(to: 80))` is wrong: \(error.reason)", at: opening)
        }
    }

    /// The tokens as one would write them: a blank between words and behind commas.
    private static func text(of tokens: ArraySlice<SQLToken>) -> String {
        var text = ""
        var previous: SQLToken?
        for token in tokens {
            if let previous, token.kind != .punctuation && previous.kind != .punctuation || previous.isPunctuation(",") { text += " " }
            text += token.text
            previous = token
        }
        return text
    }

    // MARK: Problems

    private static func reason(invalid token: SQLToken) -> String {
        switch token.text.utf8.first {
        case UInt8(ascii: "'"): "the text in single quotes is not closed"
        case UInt8(ascii: "`"), UInt8(ascii: "\""): "the quoted name is not closed"
        case UInt8(ascii: "/"): "the comment is not closed; ClickHouse's comments nest"
        default: "`\(String(token.text).clipped(to: 40))` is not SQL; names with such characters stand in backticks"
        }
    }

    private func problem(_ reason: String, at token: SQLToken) -> StatementProblem {
        let before = text[..<token.text.startIndex].unicodeScalars
        let line = before.count { $0 == "\n" } + 1
        let lineStart = before.lastIndex(of: "\n").map { before.index(after: $0) } ?? before.startIndex
        return StatementProblem(reason, line: line, column: before[lineStart...].count + 1)
    }
}
