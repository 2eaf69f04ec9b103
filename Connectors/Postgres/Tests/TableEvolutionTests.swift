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
        let known = [TargetTable.Column("id", "Int32"), TargetTable.Column("n", "Int32"), TargetTable.Column("gone", "String")]
        let table = try TableExample.table([("id", 23, 1), ("n", 20, 2), ("new", 25, 4)])
        let evolution = TableEvolution(of: "t", table, from: known, places: ["id": 1, "n": 2, "gone": 3])
        #expect(
            evolution.changes == [
                .changeType(table: "t", column: "n", type: "Int64"), .addColumns(table: "t", [TargetTable.Column("new", "String")]),
            ])
        #expect(evolution.kept.map(\.name) == ["gone"] && evolution.problem == nil)
    }

    @Test func whatIsDroppedAndRenamedIsFollowedWhenAsked() throws {
        let known = [
            TargetTable.Column("id", "Int32"), TargetTable.Column("old", "String"), TargetTable.Column("gone", "String"),
            TargetTable.Column("ancient", "String"),
        ]
        let table = try TableExample.table([("id", 23, 1), ("new", 25, 2)], ["dropColumn": "drop", "renameColumn": "rename"])
        let evolution = TableEvolution(of: "t", table, from: known, places: ["id": 1, "old": 2, "gone": 3])
        #expect(evolution.changes == [.renameColumn(table: "t", from: "old", to: "new"), .dropColumns(table: "t", ["gone"])])
        // Of a column whose place was never known nothing is known now.
        #expect(evolution.kept.map(\.name) == ["ancient"])
        #expect(evolution.events == ["column 'old' was renamed to 'new': renamed", "column 'gone' was dropped at the source: dropped"])
    }

    @Test(
        arguments: [
            ([("id", 23, 1), ("v", 23, 2)], "column 'v' of public.t was String and is now Int32"),
            ([("id", 20, 1), ("v", 25, 2)], "column 'id' of public.t was Int32 and is now Int64"),
            ([("ident", 23, 1), ("v", 25, 2)], "column 'id' of public.t, by which the target is sorted, was renamed to 'ident'"),
        ] as [([(String, UInt32, Int)], String)])
    func whatATargetCannotBecomeIsSaid(_ columns: [(String, UInt32, Int)], _ words: String) throws {
        let known = [TargetTable.Column("id", "Int32"), TargetTable.Column("v", "String")]
        let evolution = TableEvolution(of: "t", try TableExample.table(columns), from: known, places: ["id": 1, "v": 2])
        #expect(evolution.problem?.hasPrefix(words) == true)
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
