import PipeCore

/// Renders `docs/configuration.md` from the schema, so that the page cannot lag behind the program.
public enum ConfigurationReference {
    public static func markdown() -> String {
        var lines = [
            "# Configuration", "",
            "`penstock serve --config penstock.yaml` reads YAML. Unknown keys are errors. Each key with a plain value can be set by an",
            "environment variable, which wins over the file; command line options win over both.", "",
            "| key | variable | default | meaning |", "|---|---|---|---|",
        ]
        for field in PenstockConfiguration.schema.fields { append(field, under: [], isElement: false, to: &lines) }
        lines += ["", "This page is rendered by `penstock configuration-reference`.", ""]
        return lines.joined(separator: "\n")
    }

    private static func append(_ field: Field, under prefix: [String], isElement: Bool, to lines: inout [String]) {
        let path = prefix + [field.name]
        switch field.schema {
        case .object(let object):
            for inner in object.fields { append(inner, under: path, isElement: isElement, to: &lines) }
        case .array(.object(let object), _, _):
            for inner in object.fields { append(inner, under: prefix + ["\(field.name)[]"], isElement: true, to: &lines) }
        default:
            let key = path.joined(separator: ".")
            // A field of a list element is addressed by the element's name.
            let shown =
                isElement
                ? "PENSTOCK_SERVICES_<NAME>_" + ConfigurationFile.variable(for: [field.name]).dropFirst("PENSTOCK_".count)
                : ConfigurationFile.variable(for: path)
            lines.append("| `\(key)` | `\(shown)` | \(defaultText(field)) | \(field.summary) |")
        }
    }

    private static func defaultText(_ field: Field) -> String {
        if field.traits.contains(.required) { return "required" }
        switch field.defaultValue {
        case .string(let text)?: return "`\(text)`"
        case .integer(let number)?: return "`\(number)`"
        case .number(let number)?: return "`\(number)`"
        case .bool(let value)?: return "`\(value)`"
        default: return ""
        }
    }
}
