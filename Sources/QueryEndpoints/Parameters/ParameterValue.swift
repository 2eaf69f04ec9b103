public import PipeCore

/// The value of a parameter as a caller gave it.
public enum ParameterValue: Hashable, Sendable {
    /// From a URL or from stored defaults. `\N` is NULL; arrays, maps and tuples are ClickHouse literals or JSON.
    case text(String)
    /// From a JSON body or a token. Strings are taken as they are, whatever characters they have; null is NULL.
    case json(JSONValue)
}
