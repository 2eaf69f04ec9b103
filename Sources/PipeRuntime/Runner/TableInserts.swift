import PipeCore
import Synchronization

/// Writes a batch that touches several tables: one insert each, several at a time. A table whose insert fails for a passing reason is
/// tried again by itself.
struct TableInserts: Sendable {
    let warehouse: any Warehouse
    let retrier: Retrier
    let tables: TableBoard

    /// Tables of one batch written at the same time.
    static let atOnce = 4

    /// Returns when the rows of every table are durable.
    func write(_ tables: [TableRows], as id: BatchID) async throws -> InsertReceipt {
        let sum = ReceiptSum()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, table) in tables.enumerated() {
                if index >= Self.atOnce { try await group.next() }
                group.addTask {
                    sum.add(try await retrier(.destination) { try await warehouse.insert(table, id: id) })
                    self.tables.written(table)
                }
            }
            try await group.waitForAll()
        }
        // A batch of no rows moves a position only: nothing has to become durable.
        return sum.take() ?? InsertReceipt(rows: 0, bytes: 0)
    }
}

/// The proofs of several inserts, gathered from their tasks.
private final class ReceiptSum: Sendable {
    private let sum = Mutex<InsertReceipt?>(nil)

    func add(_ receipt: consuming InsertReceipt) {
        // A closure cannot consume what it captured; an optional can be emptied.
        var one: InsertReceipt? = consume receipt
        sum.withLock { sum in
            guard let receipt = one.take() else { return }
            if let others = sum.take() { sum = others.adding(receipt) } else { sum = consume receipt }
        }
    }

    func take() -> InsertReceipt? { sum.withLock { $0.take() } }
}
