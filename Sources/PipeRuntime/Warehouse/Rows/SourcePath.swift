/// A `sourceField` as the way to a value: `a.b.c` is the field `c` in the object `b` in the object `a`.
///
/// A name that has a dot of its own stands between backticks, `` `a.b`.c ``, or has a backslash before the dot, `a\.b.c`. Inside
/// backticks a backslash takes the next character as it is.
package struct SourcePath: Hashable, Sendable {
    package let names: [String]

    package init(names: [String]) { self.names = names }

    /// A text that is no path, such as `a..b` or one that ends inside backticks, is one name.
    package init(_ text: String) {
        var names: [String] = []
        var name = ""
        var isQuoted = false
        var wasQuoted = false
        var isEscaped = false
        for character in text {
            if isEscaped {
                name.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "`", isQuoted || name.isEmpty {
                isQuoted.toggle()
                wasQuoted = true
            } else if character == ".", !isQuoted {
                names.append(name)
                name = ""
            } else {
                name.append(character)
            }
        }
        names.append(name)
        let isPath = !isQuoted && !isEscaped && !names.contains("")
        self.names = isPath && (names.count > 1 || wasQuoted || text.contains("\\")) ? names : [text]
    }
}
