/// A plan and its outcome as text for a terminal.
package enum EndpointReport {
    package static func text(_ plan: EndpointPlan) -> String {
        var lines: [String] = []
        var created = 0, updated = 0, deleted = 0, unchanged = 0
        for step in plan.steps {
            switch step {
            case .create(let file, _):
                created += 1
                lines.append("+ create     \(file.name)  (\(file.file))")
            case .update(let file, _, _, let changes):
                updated += 1
                lines.append("~ update     \(file.name)  (\(file.file))")
                lines += changes.map { "    \($0)" }
            case .unchanged(let file):
                unchanged += 1
                lines.append("= unchanged  \(file.name)")
            case .delete(let id, let name):
                deleted += 1
                lines.append("- delete     \(name)  (\(id))")
            }
        }
        if created + updated + deleted == 0 {
            lines.append("Nothing to do: \(unchanged) unchanged.")
        } else {
            lines.append("Plan: \(created) to create, \(updated) to update, \(deleted) to delete, \(unchanged) unchanged.")
        }
        return lines.map(visible).joined(separator: "\n")
    }

    /// Names and SQL come from elsewhere: no byte of theirs steers the terminal.
    package static func visible(_ line: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in line.unicodeScalars {
            if scalar.properties.generalCategory == .control, scalar != "\t" {
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}
