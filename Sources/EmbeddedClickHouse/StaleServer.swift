#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A server that an earlier Penstock left behind.
struct StaleServer: Sendable {
    let directory: ServerDirectory

    /// Ids of living processes that were started with our configuration file, from our own note and from ClickHouse's status file.
    func processes() -> [pid_t] {
        let noted = directory.read(directory.paths.processID).flatMap { pid_t($0) }
        let status = directory.read(directory.paths.status)?
            .split(separator: "\n").first { $0.hasPrefix("PID: ") }.flatMap { pid_t($0.dropFirst("PID: ".count)) }
        return Set([noted, status].compactMap(\.self)).filter { $0 > 1 && isOurs($0) }.sorted()
    }

    /// Whether the process runs with our configuration file. A dead or foreign process that got the same id does not.
    func isOurs(_ process: pid_t) -> Bool {
        guard let commandLine = directory.read("/proc/\(process)/cmdline") else { return false }
        return commandLine.split(separator: "\0").contains { $0 == "--config-file=" + directory.paths.config }
    }

    /// Stops what is left: time for its watcher to do so, SIGTERM, `patience`, SIGKILL. Throws when a process survives that.
    func stop(patience: Duration, clock: any Clock<Duration>) async throws {
        // A Penstock that died a moment ago has a watcher at work, and a second SIGTERM would end the server without flushing.
        let steps: [(signal: Int32?, wait: Duration)] = [(nil, .seconds(5)), (SIGTERM, patience), (SIGKILL, .seconds(5))]
        for step in steps {
            let left = processes()
            if left.isEmpty { return }
            if let signal = step.signal { for process in left { kill(process, signal) } }
            for _ in 0..<Int(step.wait / .milliseconds(50)) where !processes().isEmpty { try await clock.sleep(for: .milliseconds(50)) }
        }
        if let process = processes().first {
            throw EmbeddedServerError("an earlier ClickHouse server, process \(process), cannot be stopped; stop it by hand")
        }
    }
}
