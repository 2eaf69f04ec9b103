import PipeCore

/// Keeps rows that were copied before a TRUNCATE from being written after it.
///
/// Once a table was truncated, every row that its source still has is one of the stream, so the rest of the copy is void.
package final class CopyGate: Sendable {
    private struct State: Sendable {
        var writing: [TableName: Int] = [:]
        var voided: Set<TableName> = []
    }
    private let state = Watched(State())

    package init() {}

    /// Hands copied rows over with `body`, which is told whether they are void.
    package func pass<Result>(_ table: TableName, _ body: (_ isVoid: Bool) async throws -> Result) async throws -> Result {
        let isVoid = state.update { state in
            state.writing[table, default: 0] += 1
            return state.voided.contains(table)
        }
        defer { state.update { $0.writing[table, default: 1] -= 1 } }
        return try await body(isVoid)
    }

    /// Returns when no row of before is on its way any more: all of them were emitted.
    package func void(_ table: TableName) async throws {
        state.update { _ = $0.voided.insert(table) }
        try await state.wait { $0.writing[table, default: 0] == 0 }
    }
}
