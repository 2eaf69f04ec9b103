internal import ClickHouse
internal import PipeCore

/// Writes the rows of one batch: all of them in one insert, or, when the server refuses it for its data, the sound ones in one insert
/// and the others to the error table.
///
/// Both inserts have the batch's token. A process that dies between them repeats the batch: the whole is refused again, the error
/// rows are there already, and the sound rows are written, or recognised by the token.
struct RowInsert: Sendable {
    let spec: PipeSpec
    let service: ClickHouseService
    let target: TableName
    /// See ``KnownColumns``; empty where they are not known.
    var columns: [String: String] = [:]
    let log: any PipeLog

    /// Times the sound rows of a search may be refused once more, each time for a later reason: first the parser, then the table.
    static let mostRounds = 6

    func write(_ rows: EncodedRows, as id: BatchID) async throws -> InsertReceipt {
        let outcome = try await write(rows, token: "\(spec.id):\(id)", name: id, keepsErrors: true)
        return InsertReceipt(rows: outcome.rows, bytes: outcome.bytes, rejected: outcome.rejected.map(\.row.record))
    }

    /// Writes rows that are in the error table already. Returns the places of those that were refused again.
    func writeAgain(_ rows: EncodedRows, token: String) async throws -> [Int] {
        try await write(rows, token: token, name: BatchID(token), keepsErrors: false).rejected.map(\.place)
    }

    private struct Outcome {
        var rows: Int
        var bytes: Int
        var rejected: [(place: Int, row: ErrorRow)] = []
    }

    private func write(_ rows: EncodedRows, token: String, name: BatchID, keepsErrors: Bool) async throws -> Outcome {
        do {
            let statements = try RowStatements(rows: rows, spec: spec, columns: columns, client: service.client)
            do {
                try await statements.insert(rows, into: target, token: token)
            } catch {
                guard error.isFaultOfRows, let layout = rows.layout else { throw error }
                let isolation = RowIsolation(
                    rows: rows, layout: layout, statements: statements, service: service, spec: spec, target: target, batch: name)
                return try await writeSound(isolation, token: token, keepsErrors: keepsErrors, after: error)
            }
            return Outcome(rows: rows.rowCount, bytes: rows.bytes.count)
        } catch let error as ClickHouseError {
            try Task.checkCancellation()
            throw error.pipeError(during: "inserting into \(target)")
        }
    }

    private func writeSound(
        _ isolation: RowIsolation, token: String, keepsErrors: Bool, after error: ClickHouseError
    ) async throws -> Outcome {
        let (rows, layout) = (isolation.rows, isolation.layout)
        let frame = try JSONText.string(RowFrame(rows, layout: layout))
        var sound = Array(0..<rows.rowCount)
        var outcome = Outcome(rows: 0, bytes: 0)
        var error = error
        for _ in 0..<Self.mostRounds {
            let faults = try await isolation.faults(among: sound, after: error)
            if faults.isEmpty { break }
            sound.removeAll { faults[$0] != nil }
            let found = faults.sorted { $0.key < $1.key }.map {
                (place: $0.key, row: ErrorRow($0.key, of: rows, layout: layout, fault: $0.value, frame: frame))
            }
            if keepsErrors, let errors = ErrorTable(spec: spec, service: service, log: log) {
                try await errors.writeBeforeSettling(rows: found.map(\.row))
            }
            outcome.rejected += found
            if sound.isEmpty { return outcome }
            let rest = rows.keeping(sound)
            do {
                try await isolation.statements.insert(rest, into: target, token: token)
                outcome.rows = sound.count
                outcome.bytes = rest.bytes.count
                return outcome
            } catch let next {
                guard next.isFaultOfRows else { throw next }
                error = next
            }
        }
        throw error
    }
}
