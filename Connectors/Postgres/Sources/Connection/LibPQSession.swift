internal import CLibPQ
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A connection of libpq: the only file that sees C. Every call may wait for the network, and must be made on a thread that may.
///
/// libpq is used by its calls that do not wait; the waiting is done here, so that a cancellation or a deadline ends it.
///
/// A connection of libpq may go from thread to thread, and is used by one at a time: the one that has the value.
struct LibPQSession: ~Copyable, @unchecked Sendable {  // allowed: has one owner at a time, on any thread
    private let connection: OpaquePointer
    private let interrupt: Interrupt

    deinit { PQfinish(connection) }

    private init(_ connection: OpaquePointer, _ interrupt: Interrupt) {
        self.connection = connection
        self.interrupt = interrupt
    }

    static func open(_ target: ConnectionTarget, interrupt: Interrupt) throws -> LibPQSession {
        let (parameters, authority) = try target.parameters()
        var keywords = parameters.map { strdup($0.0) }
        var values = parameters.map { strdup($0.1) }
        defer { for text in keywords + values { free(text) } }
        keywords.append(nil)
        values.append(nil)
        let started = keywords.withUnsafeBufferPointer { keywords in
            values.withUnsafeBufferPointer { values in
                keywords.withMemoryRebound(to: UnsafePointer<CChar>?.self) { keywords in
                    values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
                        PQconnectStartParams(keywords.baseAddress, values.baseAddress, 0)
                    }
                }
            }
        }
        guard let started else { throw PostgresError(message: "out of memory", isConnection: true) }
        let session = LibPQSession(started, interrupt)
        // So that refusals of the server carry their SQLSTATE, which libpq tells only in the text.
        PQsetErrorVerbosity(started, PQERRORS_VERBOSE)
        PQsetNoticeReceiver(started, { _, _ in }, nil)
        try session.handshake(.now + target.connectTimeout)
        // Nothing is sent that could wait: a flush is asked for, and waited for here.
        PQsetnonblocking(started, 1)
        withExtendedLifetime(authority) {}
        return session
    }

    private func handshake(_ deadline: ContinuousClock.Instant) throws {
        if PQstatus(connection) == CONNECTION_BAD { throw failure() }
        var wanted = PGRES_POLLING_WRITING
        while wanted != PGRES_POLLING_OK {
            if wanted == PGRES_POLLING_FAILED { throw failure() }
            let isReady = try wait(reading: wanted == PGRES_POLLING_READING, writing: wanted == PGRES_POLLING_WRITING, until: deadline)
            if !isReady, .now >= deadline { throw PostgresError(message: "timeout expired", isConnection: true) }
            if isReady { wanted = PQconnectPoll(connection) }
        }
    }

    var serverVersion: Int { Int(PQserverVersion(connection)) }

    // MARK: Waiting

    /// False at the deadline, or when somebody woke the wait. Throws `CancellationError`.
    private func wait(reading: Bool, writing: Bool, until deadline: ContinuousClock.Instant?) throws -> Bool {
        if interrupt.isCancelled { throw CancellationError() }
        var events: Int16 = 0
        if reading { events |= Int16(POLLIN) }
        if writing { events |= Int16(POLLOUT) }
        // poll ignores a negative descriptor.
        var watched = [
            pollfd(fd: PQsocket(connection), events: events, revents: 0),
            pollfd(fd: interrupt.readEnd ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        var milliseconds: Int32 = interrupt.readEnd == nil ? 1000 : -1
        if let deadline {
            let left = ContinuousClock.now.duration(to: deadline).components
            let wanted = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000 + 1
            milliseconds = Int32(clamping: max(0, milliseconds < 0 ? wanted : min(wanted, Int64(milliseconds))))
        }
        _ = poll(&watched, nfds_t(watched.count), milliseconds)
        if watched[1].revents != 0 { interrupt.drain() }
        if interrupt.isCancelled { throw CancellationError() }
        return watched[0].revents != 0
    }

    private func flush() throws {
        while true {
            switch PQflush(connection) {
            case 0: return
            case 1:
                _ = try wait(reading: true, writing: true, until: nil)
                guard PQconsumeInput(connection) == 1 else { throw failure() }
            default: throw failure()
            }
        }
    }

    /// The next result of the command under way; nil behind the last.
    private func nextResult() throws -> OpaquePointer? {
        try flush()
        while PQisBusy(connection) == 1 {
            _ = try wait(reading: true, writing: false, until: nil)
            guard PQconsumeInput(connection) == 1 else { throw failure() }
        }
        return PQgetResult(connection)
    }

    /// What libpq says of the connection as a whole.
    private func failure() -> PostgresError { PostgresError(connectionText: text(PQerrorMessage(connection))) }

    private func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }

    private func fault(of result: OpaquePointer) -> PostgresError {
        let state = PQresultErrorField(result, Int32(UInt8(ascii: "C"))).map { String(cString: $0) }
        let message = PQresultErrorField(result, Int32(UInt8(ascii: "M"))).map { String(cString: $0) }
        guard let message else { return failure() }
        let hint = PQresultErrorField(result, Int32(UInt8(ascii: "H"))).map { String(cString: $0) }
        return PostgresError(state: state, message: message, hint: hint, isConnection: PQstatus(connection) == CONNECTION_BAD)
    }

    /// Tells the server to give up what it is doing.
    func cancelCommand() {
        guard let cancel = PQgetCancel(connection) else { return }
        var reason: [CChar] = Array(repeating: 0, count: 256)
        _ = PQcancel(cancel, &reason, Int32(reason.count))
        PQfreeCancel(cancel)
    }

    // MARK: Commands

    /// Runs one or more statements; the rows are those of the last. With `parameters`, one statement, values as text.
    func query(_ sql: String, _ parameters: [String?] = []) throws -> PostgresRows {
        try send(sql, parameters)
        return try gather()
    }

    func query(_ sql: String, typed parameters: [QueryParameter]) throws -> PostgresRows {
        let types = parameters.map { Oid($0.type) }
        let lengths = parameters.map { Int32($0.bytes.count) }
        let formats = parameters.map { Int32($0.isBinary ? 1 : 0) }
        // libpq takes text up to its zero byte.
        let values = parameters.map { ContiguousArray($0.bytes + [0]) }
        let starts = values.map { value in
            let copy = UnsafeMutableRawPointer.allocate(byteCount: value.count, alignment: 1)
            value.withUnsafeBytes { copy.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(copy), byteCount: value.count) }
            return copy
        }
        defer { for start in starts { start.deallocate() } }
        let pointers: [UnsafePointer<CChar>?] = starts.map { UnsafePointer($0.assumingMemoryBound(to: CChar.self)) }
        guard PQsendQueryParams(connection, sql, Int32(parameters.count), types, pointers, lengths, formats, 0) == 1 else {
            throw failure()
        }
        return try gather()
    }

    private func gather() throws -> PostgresRows {
        var rows = PostgresRows()
        var fault: PostgresError?
        while let result = try nextResult() {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK: rows = self.rows(of: result)
            case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: break
            case PGRES_COPY_OUT, PGRES_COPY_IN, PGRES_COPY_BOTH:
                throw PostgresError(message: "a COPY where rows were expected")
            default: fault = fault ?? self.fault(of: result)
            }
        }
        if let fault { throw fault }
        return rows
    }

    private func send(_ sql: String, _ parameters: [String?]) throws {
        if parameters.isEmpty {
            guard PQsendQuery(connection, sql) == 1 else { throw failure() }
            return
        }
        let values = parameters.map { $0.map { strdup($0) } ?? nil }
        defer { for value in values { free(value) } }
        let sent = values.withUnsafeBufferPointer { values in
            values.withMemoryRebound(to: UnsafePointer<CChar>?.self) { values in
                PQsendQueryParams(connection, sql, Int32(values.count), nil, values.baseAddress, nil, nil, 0)
            }
        }
        guard sent == 1 else { throw failure() }
    }

    private func rows(of result: OpaquePointer) -> PostgresRows {
        let width = PQnfields(result)
        return PostgresRows(
            columns: (0..<width).map { text(PQfname(result, $0)) },
            rows: (0..<PQntuples(result)).map { row in
                (0..<width).map { PQgetisnull(result, row, $0) == 1 ? nil : text(PQgetvalue(result, row, $0)) }
            })
    }

    // MARK: COPY

    /// Starts a `COPY … TO STDOUT`, or `START_REPLICATION`.
    func beginCopy(_ sql: String) throws {
        guard PQsendQuery(connection, sql) == 1 else { throw failure() }
        guard let result = try nextResult() else { throw failure() }
        defer { PQclear(result) }
        switch PQresultStatus(result) {
        case PGRES_COPY_OUT, PGRES_COPY_BOTH: return
        default:
            let fault = self.fault(of: result)
            while let rest = try nextResult() { PQclear(rest) }
            throw fault
        }
    }

    /// Messages, until there are `limit` bytes of them. With `deadline` also when no more has arrived yet: nothing at all when the
    /// deadline passes or somebody wakes the wait.
    func readCopy(limit: Int, deadline: ContinuousClock.Instant?) throws -> CopyChunk {
        var chunk = CopyChunk()
        chunk.bytes.reserveCapacity(deadline == nil ? limit + limit / 8 : 16 * 1024)
        while chunk.bytes.count < limit {
            if interrupt.isCancelled { throw CancellationError() }
            var buffer: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(connection, &buffer, 1)
            if length > 0, let buffer {
                chunk.bytes.append(contentsOf: UnsafeRawBufferPointer(start: buffer, count: Int(length)))
                chunk.ends.append(chunk.bytes.count)
                PQfreemem(buffer)
                continue
            }
            if length == -2 { throw failure() }
            if length == -1 {
                try endCopy()
                chunk.isLast = true
                return chunk
            }
            if deadline != nil, !chunk.isEmpty {
                // What the socket holds already belongs to this chunk.
                guard try wait(reading: true, writing: false, until: .now) else { return chunk }
            } else {
                let isReady = try wait(reading: true, writing: false, until: deadline)
                if !isReady, deadline != nil { return chunk }
            }
            guard PQconsumeInput(connection) == 1 else { throw failure() }
        }
        return chunk
    }

    private func endCopy() throws {
        var fault: PostgresError?
        while let result = try nextResult() {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_COPY_IN: break
            default: fault = fault ?? self.fault(of: result)
            }
            if PQresultStatus(result) == PGRES_COPY_IN || PQresultStatus(result) == PGRES_COPY_BOTH { break }
        }
        if let fault { throw fault }
    }

    /// Sends one message of a COPY in both directions.
    func writeCopy(_ message: [UInt8]) throws {
        let sent = message.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { PQputCopyData(connection, $0.baseAddress, Int32($0.count)) }
        }
        guard sent == 1 else { throw failure() }
        try flush()
    }
}
