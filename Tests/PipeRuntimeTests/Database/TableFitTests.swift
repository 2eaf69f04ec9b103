import PipeCore
import PipeRuntime
import Testing

@Suite struct TableFitTests {
    @Test func typesAreComparedByTheirBytes() {
        let same: [(String, String)] = [
            ("LowCardinality(String)", "String"), ("LowCardinality(Nullable(String))", "Nullable(String)"),
            ("Array(LowCardinality(String))", "Array(String)"), ("DateTime64(6, 'UTC')", "DateTime64(6)"),
            ("Nullable(DateTime64(3, 'Europe/Berlin'))", "Nullable(DateTime64(3))"), ("DateTime('UTC')", "DateTime"),
            ("Tuple(a DateTime64(6, 'UTC'), b DateTime64(9, 'UTC'))", "Tuple(a DateTime64(6), b DateTime64(9))"),
            ("Enum8('a)' = 1, 'LowC' = 2)", "Enum8('a)' = 1, 'LowC' = 2)"),
        ]
        for (one, other) in same { #expect(TableFit.bare(one) == TableFit.bare(other), "\(one)") }
        let different: [(String, String)] = [
            ("Int32", "Int64"), ("Nullable(String)", "String"), ("DateTime64(3)", "DateTime64(6)"), ("Decimal(10, 2)", "Decimal(10, 3)"),
        ]
        for (one, other) in different { #expect(TableFit.bare(one) != TableFit.bare(other), "\(one)") }
    }

    @Test func sortingKeysAreTakenApart() {
        #expect(ExistingTable.parts(ofKey: "a, `b c`, toStartOfDay(d, 'x'), e") == ["a", "b c", "toStartOfDay(d,'x')", "e"])
        #expect(ExistingTable.parts(ofKey: "") == [])
    }

    @Test func engineArgumentsAreColumns() {
        func arguments(_ text: String) -> [String] {
            ExistingTable(engine: "", engineText: text, sortingKey: [], columns: []).engineArguments
        }
        #expect(arguments("ReplacingMergeTree(_peerdb_version, `odd name`) ORDER BY (a, b)") == ["_peerdb_version", "odd name"])
        #expect(arguments("ReplicatedReplacingMergeTree('/t/{uuid}', '{replica}', _peerdb_version) ORDER BY a") == ["_peerdb_version"])
        #expect(arguments("ReplacingMergeTree ORDER BY (a, b)") == [])
        #expect(arguments("Null") == [])
    }

    @Test func textOfADefaultIsNeverSQL() {
        let statements = TargetTableStatements(database: "d", cluster: "c`x")
        let sql = statements.add(.init("a`b", "String", defaultText: "'); DROP TABLE t; --"), to: "t", after: nil)
        #expect(
            sql
                == #"ALTER TABLE `d`.`t` ON CLUSTER `c\`x` ADD COLUMN IF NOT EXISTS `a\`b` String DEFAULT CAST('\'); DROP TABLE t; --', 'String')"#
        )
    }

    @Test func aClusterGetsReplicatedTables() {
        let statements = TargetTableStatements(database: "d", cluster: "c")
        let sql = statements.create(.init("t", columns: [.init("id", "Int64")], sortingKey: ["id"]), cleansUp: true)
        #expect(sql.contains("CREATE TABLE IF NOT EXISTS `d`.`t` ON CLUSTER `c` (`id` Int64, "))
        #expect(sql.contains("ENGINE = ReplicatedReplacingMergeTree(`_peerdb_version`) ORDER BY (`id`)"))
        #expect(!sql.contains("non_replicated_deduplication_window"))
        #expect(statements.exchange("a", "b") == "EXCHANGE TABLES `d`.`a` AND `d`.`b` ON CLUSTER `c`")
        #expect(statements.rename("a", to: "b") == "RENAME TABLE `d`.`a` TO `d`.`b` ON CLUSTER `c`")
        #expect(statements.drop("a") == "DROP TABLE IF EXISTS `d`.`a` ON CLUSTER `c` SYNC")
        #expect(statements.truncate("a") == "TRUNCATE TABLE IF EXISTS `d`.`a` ON CLUSTER `c`")
    }
}
