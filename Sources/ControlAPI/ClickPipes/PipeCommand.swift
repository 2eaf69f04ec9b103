package import PipeCore

/// What a state request asks for.
package enum PipeCommand: String, Sendable, Hashable, CaseIterable {
    case start, stop, resync

    package static let names = allCases.map(\.rawValue)

    /// Reads `{"command": …}`; `action`, the name in some of the cloud's documentation, is taken as well.
    package init(_ body: JSONValue) throws(InvalidConfiguration) {
        var problems: [Problem] = []
        var commands: [PipeCommand] = []
        for member in ["command", "action"] {
            guard let value = body[member], !value.isNull else { continue }
            _ = Schema.oneOf(Self.names).checked(value, at: FieldPath(member), mode: .create, problems: &problems)
            if let command = value.string.flatMap(PipeCommand.init(rawValue:)) { commands.append(command) }
        }
        if let first = commands.first, let last = commands.last, first != last {
            problems.append(Problem("action", "asks for something else than command; send only one of them"))
        }
        try InvalidConfiguration.check(problems)
        guard let command = commands.first else {
            throw InvalidConfiguration([Problem("command", "is required; commands are \(Self.names.joined(separator: ", "))")])
        }
        self = command
    }
}
