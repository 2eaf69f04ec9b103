public import PipeCore
import Testing

/// What every ``Warehouse`` must do, as one test per rule: call ``verify(_:)`` with each of ``Rule/allCases``.
public struct WarehouseContract: Sendable {
    public enum Rule: String, CaseIterable, Sendable {
        case theSameIDTwiceIsOnce
        case anotherIDIsAnotherBatch
        case preparingTwiceIsHarmless
        case rejectingTwiceIsHarmless
    }

    private let warehouse: any Warehouse
    private let rows: EncodedRows
    private let countRows: @Sendable () async throws -> Int

    /// - Parameters:
    ///   - warehouse: bound to an empty table that can deduplicate.
    ///   - rows: valid rows for that table.
    ///   - countRows: rows in the table now.
    public init(warehouse: any Warehouse, rows: EncodedRows, countRows: @escaping @Sendable () async throws -> Int) {
        self.warehouse = warehouse
        self.rows = rows
        self.countRows = countRows
    }

    public func verify(_ rule: Rule) async throws {
        try await warehouse.prepare()
        switch rule {
        case .theSameIDTwiceIsOnce:
            try await insert("contract-1")
            try await insert("contract-1")
            #expect(try await countRows() == rows.rowCount)
        case .anotherIDIsAnotherBatch:
            try await insert("contract-1")
            try await insert("contract-2")
            #expect(try await countRows() == 2 * rows.rowCount, "equal rows under another id are other rows")
        case .preparingTwiceIsHarmless:
            try await insert("contract-1")
            try await warehouse.prepare()
            #expect(try await countRows() == rows.rowCount)
        case .rejectingTwiceIsHarmless:
            let record = RejectedRecord(code: .dataParsing, reason: "not JSON", locator: ["row": "1"], raw: Array("{".utf8))
            await warehouse.reject([record])
            await warehouse.reject([record])
            try await insert("contract-1")
            #expect(try await countRows() == rows.rowCount)
        }
    }

    private func insert(_ id: String) async throws {
        let receipt = try await warehouse.insert(rows, id: BatchID(id))
        let written = receipt.rows
        #expect(written == rows.rowCount)
    }
}
