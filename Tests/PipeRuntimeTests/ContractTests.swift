import PipeCore
import PipeTesting
import Testing

/// The doubles keep the contracts they stand for.
@Suite(.timeLimit(.minutes(5))) struct ContractTests {
    @Test(arguments: SourceContract<ScriptedSource>.Rule.allCases, [true, false])
    func scriptedSource(_ rule: SourceContract<ScriptedSource>.Rule, isFinite: Bool) async throws {
        try await SourceContract(batches: 4) {
            ScriptedSource(Script(rows: [Lane("a"): 20, Lane("b"): 20], isFinite: isFinite, batchRows: 5...5))
        }.verify(rule)
    }

    @Test(arguments: WarehouseContract.Rule.allCases)
    func inMemoryWarehouse(_ rule: WarehouseContract.Rule) async throws {
        let warehouse = InMemoryWarehouse()
        let rows = EncodedRows(bytes: Array("{\"n\":1}\n{\"n\":2}\n".utf8), rowCount: 2, format: "JSONEachRow")
        try await WarehouseContract(warehouse: warehouse, rows: rows) { warehouse.lines.count }.verify(rule)
    }
}
