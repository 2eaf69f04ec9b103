/// Where the local server keeps what it owns.
package struct ServerPaths: Sendable, Hashable {
    /// `<data directory>/clickhouse`, absolute, without a trailing slash.
    package let root: String

    package init(dataDirectory: String) {
        var directory = dataDirectory
        while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
        root = directory + "/clickhouse"
    }

    package var config: String { root + "/config.xml" }
    package var users: String { root + "/users.xml" }
    package var launcher: String { root + "/launch.sh" }
    package var chdbLauncher: String { root + "/chdb_server.py" }
    package var password: String { root + "/password" }
    package var httpPort: String { root + "/http_port" }
    /// Process id of the last server we started.
    package var processID: String { root + "/server.pid" }
    package var data: String { root + "/data" }
    /// Written and locked by ClickHouse; begins with `PID: `.
    package var status: String { data + "/status" }
    package var logs: String { root + "/logs" }
    package var errorLog: String { logs + "/clickhouse-server.err.log" }

    package var directories: [String] {
        [root, data, logs] + ["tmp", "user_files", "format_schemas", "access", "caches"].map { root + "/" + $0 }
    }
}
