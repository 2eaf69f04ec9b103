import ClickHouse

/// Functions that show what no grant and no row policy protects. Roles cannot be kept from them, so a statement of a caller is.
///
/// The scalar `file()` reads `user_files_path`; `mergeTreeIndex()` and its kin read primary keys and projections of rows that a row policy
/// hides. (Tried on 25.8.)
enum UngrantedFunctions {
    /// The first such function that the statement may call; nil: none. Names in quotes count, names in texts and comments do not.
    static func first(in sql: String) -> String? {
        let tokens = SQLToken.all(in: sql).filter { !$0.isBlank }
        for (index, token) in tokens.enumerated() {
            guard let name = token.identifier, isOne(name.lowercased()) else { continue }
            let isCall = index + 1 < tokens.count && tokens[index + 1].isPunctuation("(")
            // `SELECT 'x' APPLY file`, `APPLY(file)`.
            let isApplied =
                index > 0
                && (tokens[index - 1].isWord("APPLY")
                    || index > 1 && tokens[index - 1].isPunctuation("(") && tokens[index - 2].isWord("APPLY"))
            if isCall || isApplied { return name }
        }
        return nil
    }

    private static func isOne(_ name: String) -> Bool { name == "file" || name.hasPrefix("mergetree") }
}
