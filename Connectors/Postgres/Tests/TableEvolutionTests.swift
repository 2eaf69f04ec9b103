import PipeCore
import PostgresConnector
import Testing

struct TableEvolutionTests {
    @Test(arguments: [
        ("Int16", "Int64", true), ("Int64", "Int32", false), ("Float32", "Float64", true), ("Nullable(Int16)", "Nullable(Int32)", true),
        ("Decimal(6, 2)", "Decimal(20, 4)", true), ("Decimal(20, 4)", "Decimal(6, 2)", false), ("Decimal(6, 2)", "Decimal(6, 3)", false),
        ("Int32", "String", false), ("LowCardinality(String)", "String", true), ("Array(Int32)", "Int32", false),
    ])
    func wideningKeepsEveryValue(_ old: String, _ new: String, _ isWidening: Bool) {
        #expect(TableEvolution.isWidening(from: old, to: new) == isWidening)
    }

    @Test func valuesOfAnOlderTypeFitAWiderColumn() {
        let small = PostgresCodec.decimal(DecimalShape(precision: 6, scale: 2))
        let large = PostgresCodec.decimal(DecimalShape(precision: 20, scale: 4))
        #expect(small.fitted(to: large) == large)
        #expect(large.fitted(to: small) == nil)
        #expect(PostgresCodec.int64.fitted(to: .int32) == nil)
        #expect(PostgresCodec.int16.fitted(to: .int64)?.clickHouseType == "Int64")
        #expect(PostgresCodec.int32.fitted(to: .text(isSame: false)) == .text(isSame: false))
    }

    @Test func changesLeadFromWhatWasMadeToWhatIs() throws {
        let known = [TargetTable.Column("id", "Int32"), TargetTable.Column("gone", "String")]
        let changes = try TableEvolution.changes(
            of: "t", source: TableName("public", "t"), from: known,
            to: [TargetTable.Column("id", "Int64"), TargetTable.Column("new", "String")])
        #expect(
            changes == [
                .changeType(table: "t", column: "id", type: "Int64"), .addColumns(table: "t", [TargetTable.Column("new", "String")]),
            ])
        #expect(throws: PipeError.self) {
            try TableEvolution.changes(
                of: "t", source: TableName("public", "t"), from: known, to: [TargetTable.Column("id", "String")])
        }
    }

    @Test func tablesAreSplitByBlocks() {
        let leaf = TableDescription.Leaf(oid: 1, name: TableName("public", "t"), blocks: 1000, rows: 100_000)
        let table = TableDescription(
            oid: 1, name: TableName("public", "t"), kind: "r", identity: "d", columns: [], primaryKey: [], identityIndex: [], leaves: [leaf]
        )
        let chunks = SnapshotPlan.chunks(of: table, rowsPerChunk: 30_000, bytesPerBlock: 8192, canSeek: true)
        #expect(chunks.map(\.blocks) == [0..<250, 250..<500, 500..<750, 750..<1000])
        #expect(chunks.map(\.isOpen) == [false, false, false, true])
        #expect(SnapshotPlan.chunks(of: table, rowsPerChunk: 30_000, bytesPerBlock: 8192, canSeek: false).map(\.blocks) == [nil])
        // Large values: fewer blocks at once.
        #expect(SnapshotPlan.chunks(of: table, rowsPerChunk: 1_000_000, bytesPerBlock: 8 << 20, canSeek: true).map(\.step) == [1])
    }
}
