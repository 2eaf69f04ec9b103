/// One thing wrong with a file of endpoints, and where.
package struct FileProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// As the user named it.
    package var file: String
    /// From 1.
    package var line: Int
    /// Never holds a secret.
    package var message: String

    package init(_ file: String, line: Int, _ message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    package var description: String { "\(file):\(line): \(message)" }
}

/// Everything wrong with the files, at once: nothing was sent.
package struct InvalidFiles: Error, Hashable, Sendable, CustomStringConvertible {
    package var problems: [FileProblem]

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}
