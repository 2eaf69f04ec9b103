import ClickHouse

/// Tells what a statement does from its words. `tokens` have no blanks and no semicolon at the end, and there is at least one.
struct StatementClassifier {
    struct Refusal: Error {
        var reason: String
        var token: SQLToken
    }

    private(set) var kind = StatementKind.write
    private(set) var format: String?
    private(set) var settings: [String] = []
    /// CREATE VIEW … AS SELECT {x:UInt8}: the parameters are those of the view, not of the call.
    private(set) var keepsParameters = false

    private let tokens: [SQLToken]
    /// How many parentheses, brackets and braces are open before each token.
    private let depths: [Int]

    init(_ tokens: [SQLToken]) throws(Refusal) {
        self.tokens = tokens
        var depth = 0
        depths = tokens.map { token in
            if token.isPunctuation(")") || token.isPunctuation("]") || token.isPunctuation("}") { depth -= 1 }
            defer { if token.isPunctuation("(") || token.isPunctuation("[") || token.isPunctuation("{") { depth += 1 } }
            return depth
        }
        try classify()
    }

    private mutating func classify() throws(Refusal) {
        let first = tokens.firstIndex { !$0.isPunctuation("(") } ?? 0
        let verb = tokens[first]
        try refuseSessions(verb)
        if verb.isWord("INSERT") {
            try classifyInsert(at: first)
        } else if verb.isWord("WITH"), let insert = insertBehindWith(first) {
            try classifyInsert(at: insert)
        } else if verb.isWord("SELECT") || verb.isWord("FROM") || verb.isWord("WITH") || verb.isWord("SHOW") || verb.isWord("DESCRIBE")
            || verb.isWord("DESC") || verb.isWord("EXPLAIN") || verb.isWord("EXISTS") || verb.isWord("CHECK")
        {
            kind = .read
            format = trailingFormat(from: first)
        } else {
            format = trailingFormat(from: first)
            keepsParameters = makesParameterizedView(first)
        }
        try refuseFiles()
        if kind != .read { try refuseParallel() }
        settings = settingNames()
    }

    // MARK: Refusals

    private func refuseSessions(_ verb: SQLToken) throws(Refusal) {
        if verb.isWord("SET") {
            throw Refusal(reason: "SET lasts for a session, and every call is its own; use a SETTINGS clause", token: verb)
        }
        if verb.isWord("USE") {
            throw Refusal(
                reason: "USE lasts for a session, and every call is its own; choose the database of the query instead", token: verb)
        }
        let isTransaction = verb.isWord("BEGIN") || verb.isWord("COMMIT") || verb.isWord("ROLLBACK")
        if isTransaction || verb.isWord("START") && word("TRANSACTION", at: 1) {
            throw Refusal(reason: "a transaction lasts for a session, and every call is its own", token: verb)
        }
        if verb.isWord("EXECUTE") {
            throw Refusal(reason: "EXECUTE AS would run the query as another user; the roles of the endpoint decide", token: verb)
        }
    }

    private func refuseFiles() throws(Refusal) {
        for index in tokens.indices.dropLast() {
            if tokens[index].isWord("INTO"), tokens[index + 1].isWord("OUTFILE") {
                throw Refusal(
                    reason: "INTO OUTFILE writes a file of the server; the answer of the call holds the rows", token: tokens[index])
            }
            if tokens[index].isWord("FROM"), tokens[index + 1].isWord("INFILE") {
                throw Refusal(reason: "FROM INFILE reads a file of the client; send the rows as the body of the call", token: tokens[index])
            }
        }
    }

    /// `a PARALLEL WITH b` is two statements. `GROUP BY parallel WITH TOTALS` is not.
    private func refuseParallel() throws(Refusal) {
        for index in tokens.indices where word("PARALLEL", at: index) && word("WITH", at: index + 1) && depths[index] == 0 {
            let isModifier =
                word("TOTALS", at: index + 2) || word("ROLLUP", at: index + 2) || word("CUBE", at: index + 2) || word("FILL", at: index + 2)
                || word("TIES", at: index + 2)
            if !isModifier {
                throw Refusal(reason: "PARALLEL WITH joins several statements; an endpoint runs exactly one", token: tokens[index])
            }
        }
    }

    // MARK: INSERT

    /// Where the INSERT of `WITH … INSERT INTO …` is.
    private func insertBehindWith(_ start: Int) -> Int? {
        tokens.indices.first { $0 > start && depths[$0] == depths[start] && word("INSERT", at: $0) && word("INTO", at: $0 + 1) }
    }

    private mutating func classifyInsert(at start: Int) throws(Refusal) {
        var index = start + 1
        if word("INTO", at: index) { index += 1 }
        if word("TABLE", at: index), !punctuation("(", at: index + 1), index + 2 < tokens.count { index += 1 }
        let isFunction = word("FUNCTION", at: index) && !punctuation(".", at: index + 1)
        if isFunction { index += 1 }
        // The name of the table, or the function and its arguments; a column may be called like a keyword, so parentheses are passed over.
        index = behindName(index)
        if isFunction, punctuation("(", at: index) { index = behindParenthesis(index) }
        while index < tokens.count {
            if word("VALUES", at: index) {
                kind = .insert(InsertShape(rows: index + 1 < tokens.count ? .values : .body, format: "Values"))
                return
            }
            if word("FORMAT", at: index), index + 1 < tokens.count, let name = tokens[index + 1].identifier {
                let isValues = name.lowercased() == "values"
                if index + 2 < tokens.count, !isValues {
                    throw Refusal(reason: "rows stand behind FORMAT; send them as the body of the call", token: tokens[index + 2])
                }
                kind = .insert(InsertShape(rows: index + 2 < tokens.count ? .values : .body, format: name))
                return
            }
            let isQuery = word("SELECT", at: index) || word("WITH", at: index) || word("FROM", at: index) && !word("INFILE", at: index + 1)
            let isParenthesised =
                punctuation("(", at: index)
                && (word("SELECT", at: index + 1) || word("WITH", at: index + 1) || punctuation("(", at: index + 1))
            if isQuery || isParenthesised {
                let readsBody = tokens.indices.contains { $0 >= index && word("INPUT", at: $0) && punctuation("(", at: $0 + 1) }
                kind = .insert(InsertShape(rows: .select(readsBody: readsBody), format: trailingFormat(from: index)))
                return
            }
            index = punctuation("(", at: index) ? behindParenthesis(index) : index + 1
        }
        kind = .insert(InsertShape(rows: .body, format: nil))
    }

    private func behindName(_ start: Int) -> Int {
        var index = start
        while index < tokens.count {
            index = punctuation("{", at: index) ? behindParenthesis(index) : index + 1
            guard punctuation(".", at: index) else { return index }
            index += 1
        }
        return index
    }

    /// The index behind the partner of the bracket at `index`.
    private func behindParenthesis(_ index: Int) -> Int {
        let depth = depths[index]
        return (tokens.indices[(index + 1)...].first { depths[$0] <= depth } ?? tokens.count - 1) + 1
    }

    // MARK: Clauses

    /// The name in a FORMAT clause at the end, before or behind which SETTINGS may stand.
    private func trailingFormat(from start: Int) -> String? {
        var index = tokens.count - 2
        while index > start {
            if depths[index] == 0, word("FORMAT", at: index), let name = tokens[index + 1].identifier, canEnd(tokens[index - 1]),
                index + 2 == tokens.count || word("SETTINGS", at: index + 2)
            {
                return name
            }
            index -= 1
        }
        return nil
    }

    /// Whether a query may end with the token; behind `SELECT` or a comma, FORMAT is a column.
    private func canEnd(_ token: SQLToken) -> Bool {
        switch token.kind {
        case .number, .string, .heredoc, .quotedName: return true
        case .punctuation: return [")", "]", "}", "*"].contains { token.isPunctuation($0) }
        case .word:
            let openers: [StaticString] = [
                "SELECT", "DISTINCT", "AS", "BY", "WHERE", "PREWHERE", "AND", "OR", "NOT", "FROM", "JOIN", "HAVING", "QUALIFY", "LIMIT",
                "OFFSET", "ON", "IN", "LIKE", "ILIKE", "BETWEEN", "CASE", "WHEN", "THEN", "ELSE", "INTERVAL", "UNION", "ALL", "WITH",
            ]
            return !openers.contains { token.isWord($0) }
        default: return false
        }
    }

    private func settingNames() -> [String] {
        var names: [String] = []
        for start in tokens.indices where word("SETTINGS", at: start) {
            var index = start + 1
            while index < tokens.count, let first = tokens[index].identifier {
                var name = first
                index += 1
                while punctuation(".", at: index), index + 1 < tokens.count, let part = tokens[index + 1].identifier {
                    name += "." + part
                    index += 2
                }
                guard punctuation("=", at: index) else { break }
                names.append(name)
                let depth = depths[index]
                index += 1
                while index < tokens.count, depths[index] > depth || depths[index] == depth && !punctuation(",", at: index) {
                    // The next clause is found by itself.
                    if word("SETTINGS", at: index) { break }
                    index += 1
                }
                guard punctuation(",", at: index) else { break }
                index += 1
            }
        }
        return names
    }

    private func makesParameterizedView(_ first: Int) -> Bool {
        var index = first
        guard word("CREATE", at: index) else { return false }
        index += 1
        if word("OR", at: index), word("REPLACE", at: index + 1) { index += 2 }
        guard word("VIEW", at: index) else { return false }
        guard let body = tokens.indices.first(where: { $0 > index && depths[$0] == 0 && word("AS", at: $0) }) else { return false }
        return tokens.indices.contains {
            $0 > body && punctuation("{", at: $0) && $0 + 1 < tokens.count && tokens[$0 + 1].kind == .word
        }
    }

    // MARK: Looking

    private func word(_ word: StaticString, at index: Int) -> Bool { index < tokens.count && tokens[index].isWord(word) }

    private func punctuation(_ mark: Unicode.Scalar, at index: Int) -> Bool { index < tokens.count && tokens[index].isPunctuation(mark) }
}
