import PostgresConnector
import Testing

struct ReplicationStatementTests {
    @Test(arguments: [
        (12, true, "EXPORT_SNAPSHOT"), (14, false, "EXPORT_SNAPSHOT"), (15, false, "(SNAPSHOT 'export')"),
        (16, true, "(SNAPSHOT 'export')"), (17, false, "(SNAPSHOT 'export')"), (17, true, "(SNAPSHOT 'export', FAILOVER)"),
        (18, true, "(SNAPSHOT 'export', FAILOVER)"),
    ])
    func slotsAreMadeInTheWordsOfEachVersion(_ major: Int, _ isFailover: Bool, _ options: String) {
        #expect(
            ReplicationSlot.creation("a\"b", major: major, isFailover: isFailover)
                == "CREATE_REPLICATION_SLOT \"a\"\"b\" LOGICAL pgoutput \(options)")
    }

    @Test func publicationsFollowTheirTables() {
        let (a, b) = (TableName("public", "a"), TableName("public", "b"))
        #expect(Publication.statements("p", from: nil, to: [a], major: 12) == ["CREATE PUBLICATION \"p\" FOR TABLE \"public\".\"a\""])
        #expect(Publication.statements("p", from: nil, to: [a], major: 13).first?.hasSuffix("(publish_via_partition_root = true)") == true)
        let present = Publication(name: "p", isForAllTables: false, viaRoot: true, tables: [a])
        #expect(Publication.statements("p", from: present, to: [a], major: 15).isEmpty)
        #expect(
            Publication.statements("p", from: present, to: [a, b], major: 15)
                == ["ALTER PUBLICATION \"p\" SET TABLE \"public\".\"a\", \"public\".\"b\""])
    }
}
