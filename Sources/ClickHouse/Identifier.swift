/// Names of databases, tables and columns in SQL text. Prefer an `{x:Identifier}` parameter; this is for lists of names.
public enum Identifier {
    /// The name in backticks, with backslashes and backticks escaped.
    public static func quoted(_ name: String) -> String { "`" + escaped(name, quote: "`") + "`" }
}

/// Constants in SQL text. Prefer a `{x:String}` parameter; this is for places that take none.
public enum Literal {
    /// The text in single quotes, with backslashes, quotes and control characters escaped.
    public static func string(_ text: String) -> String { "'" + escaped(text, quote: "'") + "'" }
}

private func escaped(_ text: String, quote: Unicode.Scalar) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\", quote:
            result.append("\\")
            result.append(scalar)
        case "\n": result.append(contentsOf: "\\n".unicodeScalars)
        case "\r": result.append(contentsOf: "\\r".unicodeScalars)
        case "\t": result.append(contentsOf: "\\t".unicodeScalars)
        case "\0": result.append(contentsOf: "\\0".unicodeScalars)
        default: result.append(scalar)
        }
    }
    return String(result)
}
