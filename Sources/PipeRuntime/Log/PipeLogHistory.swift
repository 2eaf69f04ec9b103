internal import ClickHouse
public import PipeCore

/// What can be asked about the log of a pipe; lines that were logged before the question are in the answer.
public protocol PipeLogHistory: Sendable {
    /// Newest first. Throws ``PipeError`` when the service does not answer or refuses.
    func lines(of spec: PipeSpec, _ filter: PipeLogFilter, limit: Int) async throws(PipeError) -> [PipeLogEntry]
}

/// Which lines.
public struct PipeLogFilter: Hashable, Sendable {
    /// Nil: all.
    public var level: PipeLogLevel?
    /// Only lines that a list shows after this one.
    public var before: PipeLogEntry.Place?
    public init(level: PipeLogLevel? = nil, before: PipeLogEntry.Place? = nil) {
        self.level = level
        self.before = before
    }
}

/// A line as it is read.
public struct PipeLogEntry: Hashable, Sendable, Decodable {
    /// Where a line stands among those of its pipe: lines of one millisecond are ordered by a hash of what they say.
    public struct Place: Hashable, Sendable {
        /// Milliseconds since 1970.
        public var time: Int64
        public var hash: UInt64
        public init(time: Int64, hash: UInt64) {
            self.time = time
            self.hash = hash
        }
    }

    /// Milliseconds since 1970.
    public var time: Int64
    public var level: String
    /// Empty for none.
    public var code: String
    public var message: String
    /// A number, as text: JSON has no room for it.
    public var hash: String

    public init(time: Int64, level: String, code: String, message: String, hash: String) {
        self.time = time
        self.level = level
        self.code = code
        self.message = message
        self.hash = hash
    }

    public var place: Place { Place(time: time, hash: UInt64(hash) ?? 0) }
}

extension ClickHousePipeLogs: PipeLogHistory {
    public func lines(of spec: PipeSpec, _ filter: PipeLogFilter, limit: Int) async throws(PipeError) -> [PipeLogEntry] {
        await log.flush(service: spec.serviceID)
        var conditions = ["clickpipe_id = {pipe:String}"]
        var parameters = ["pipe": spec.id.rawValue, "limit": String(limit)]
        if let level = filter.level {
            conditions.append("level = {level:String}")
            parameters["level"] = level.rawValue
        }
        if let before = filter.before {
            conditions.append(
                "(timestamp, cityHash64(level, code, message)) < (fromUnixTimestamp64Milli({time:Int64}, 'UTC'), {hash:UInt64})")
            parameters["time"] = String(before.time)
            parameters["hash"] = String(before.hash)
        }
        do {
            guard let source = try await log.source(of: LogPlace(service: spec.serviceID, database: spec.destination.database)),
                let table = source.table
            else { return [] }
            return try await source.client.rows(
                PipeLogEntry.self,
                """
                SELECT toUnixTimestamp64Milli(timestamp) AS time, level, code, message, toString(cityHash64(level, code, message)) AS hash \
                FROM \(table.quoted) WHERE \(conditions.joined(separator: " AND ")) \
                ORDER BY timestamp DESC, cityHash64(level, code, message) DESC LIMIT {limit:UInt32}
                """, parameters: parameters, timeout: .seconds(30))
        } catch {
            // Nothing was logged yet.
            if error.code == .unknownTable || error.code == .unknownDatabase { return [] }
            throw error.pipeError(during: "reading the log of a pipe")
        }
    }
}
