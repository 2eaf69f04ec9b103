/// The program that is the server.
package enum ServerEngine: Sendable, Hashable {
    /// A `clickhouse` or `clickhouse-server` binary.
    case binary(String)
    /// The engine inside the chdb wheel, entered by this Python.
    case chdb(python: String)

    /// Looks for a binary first: configuration, PENSTOCK_CLICKHOUSE_BINARY, PATH; then for a Python.
    /// - Parameter isExecutable: tells whether a path names an executable file.
    package static func locate(
        _ configuration: EmbeddedServerConfiguration, isExecutable: (String) -> Bool
    ) throws(EmbeddedServerError) -> ServerEngine {
        let environment = configuration.environment
        if let named = configuration.binary ?? environment["PENSTOCK_CLICKHOUSE_BINARY"], !named.isEmpty {
            guard isExecutable(named) else { throw EmbeddedServerError("the ClickHouse binary \(named) is not an executable file") }
            return .binary(named)
        }
        let directories = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        if let found = directories.map({ $0 + "/clickhouse" }).first(where: isExecutable) { return .binary(found) }
        let python = configuration.python ?? environment["PENSTOCK_PYTHON"].flatMap { $0.isEmpty ? nil : $0 } ?? "python3"
        let candidates = python.contains("/") ? [python] : directories.map { $0 + "/" + python }
        guard let interpreter = candidates.first(where: isExecutable) else {
            throw EmbeddedServerError(
                "no clickhouse binary on PATH and no Python interpreter \(python); install ClickHouse, or set PENSTOCK_PYTHON to a Python with chdb==3.7.2"
            )
        }
        return .chdb(python: interpreter)
    }

    /// The command that becomes the server.
    package func command(_ paths: ServerPaths) -> [String] {
        let option = "--config-file=" + paths.config
        switch self {
        case .binary(let path): return path.hasSuffix("clickhouse-server") ? [path, option] : [path, "server", option]
        case .chdb(let python): return [python, paths.chdbLauncher, option]
        }
    }
}
