import ClickHouse
import PipeCore
import PipeRuntime
import Testing

@Suite struct KeyPatternTests {
    @Test(arguments: [
        ("a/b.json", "a/b.json"), ("a b", "a%20b"), ("ü", "%C3%BC"), ("50%", "50%25"), ("a+b&c=d", "a%2Bb%26c%3Dd"), ("x#y", "x%23y"),
    ])
    func encodesOnce(key: String, url: String) {
        #expect(KeyPattern.encoded(key) == url)
    }

    @Test func standsInForGlobCharacters() {
        #expect(KeyPattern.readable("a{1,2}*?.csv") == "a?1,2???.csv")
        #expect(KeyPattern.mustStandAlone("a,b"))
        #expect(!KeyPattern.isGlob("a,b"))
        #expect(KeyPattern.isUnreadable("a//b"))
    }

    @Test func splitsListsByLengthAndSetsOddKeysApart() {
        let keys = ["plain1", "br{a}ce", "plain2", "com,ma"] + (0..<3000).map { "file-\($0)" }
        let objects = keys.map { RemoteObject(key: $0, size: 1, etag: "", lastModified: "") }
        let load = RemoteLoad(
            objects: objects,
            location: .s3(endpoint: "http://h/b", bucket: "b", credentials: S3Credentials(accessKeyID: "id", secretKey: "very-secret")),
            format: "CSV")
        let reads = RemoteRead.reads(of: objects, in: load, structure: "`a` String")
        #expect(reads.flatMap(\.objects).map(\.key).sorted() == keys.sorted())
        #expect(reads.allSatisfy { $0.objects.count <= RemoteRead.mostObjects })
        #expect(reads.count == 6)
        #expect(reads.allSatisfy { !$0.source.contains("very-secret") })
        let braces = reads.first { $0.objects.map(\.key) == ["br{a}ce"] }
        #expect(braces?.parameters["url"] == "http://h/b/br%3Fa%3Fce")
        #expect(braces?.parameters["path"] == "b/br{a}ce")
    }
}

@Suite struct ViewDefinitionTests {
    private let source = TableName("db", "t")
    private let staging = TableName("db", "stage")

    @Test func findsTheTargetOfAView() {
        #expect(
            ViewDefinition.target(ofCreateQuery: "CREATE MATERIALIZED VIEW db.v TO db.`o ut` (`k` UInt8) AS SELECT 1")
                == TableName("db", "o ut"))
        #expect(ViewDefinition.target(ofCreateQuery: "CREATE MATERIALIZED VIEW db.v (`to` UInt8) ENGINE = Log AS SELECT 1 AS to") == nil)
    }

    @Test func tellsRefreshableViews() {
        #expect(ViewDefinition.isRefreshable(createQuery: "CREATE MATERIALIZED VIEW db.v REFRESH EVERY 1 HOUR (`k` UInt8) AS SELECT 1"))
        #expect(!ViewDefinition.isRefreshable(createQuery: "CREATE MATERIALIZED VIEW db.v TO db.x (`refresh` UInt8) AS SELECT 1"))
    }

    @Test(arguments: [
        ("SELECT a FROM db.t", "SELECT a FROM `db`.`stage` AS `t`"),
        ("SELECT t.a, db.t.b FROM db.t WHERE x = 'db.t'", "SELECT t.a, t.b FROM `db`.`stage` AS `t` WHERE x = 'db.t'"),
        ("SELECT a FROM db.t AS q FINAL", "SELECT a FROM `db`.`stage` AS q FINAL"),
        (
            "WITH x AS (SELECT k FROM db.t) SELECT k FROM x LEFT JOIN db.other ON 1",
            "WITH x AS (SELECT k FROM `db`.`stage` AS `t`) SELECT k FROM x LEFT JOIN db.other ON 1"
        ),
        ("SELECT a FROM `db`.`t`", "SELECT a FROM `db`.`stage` AS `t`"),
    ])
    func readsFromStaging(sql: String, rewritten: String) {
        #expect(ViewDefinition.select(sql, readingFrom: source, replacedBy: staging) == rewritten)
    }

    @Test func refusesAViewThatReadsTheTableTwice() {
        #expect(ViewDefinition.select("SELECT 1 FROM db.t JOIN db.t AS u ON 1", readingFrom: source, replacedBy: staging) == nil)
        #expect(ViewDefinition.select("SELECT 1 FROM db.other", readingFrom: source, replacedBy: staging) == nil)
    }

    @Test func leavesTheDefaultPathToAReplicatedCopy() {
        #expect(
            ReplicatedEngine.withDefaultPath("ReplicatedReplacingMergeTree('/a/{shard}', '{replica}', v) ORDER BY (a, b)")
                == "ReplicatedReplacingMergeTree(v) ORDER BY (a, b)")
        #expect(ReplicatedEngine.withDefaultPath("ReplicatedMergeTree('/a', '{replica}') ORDER BY a") == "ReplicatedMergeTree() ORDER BY a")
        #expect(
            ReplicatedEngine.withDefaultPath("ReplicatedMergeTree ORDER BY tuple('a', 'b')")
                == "ReplicatedMergeTree ORDER BY tuple('a', 'b')")
    }
}

@Suite struct TableBuilderTests {
    private func destination(_ engine: String, version: String? = nil, columns: [String]? = nil, keys: [String]? = nil) throws
        -> Destination
    {
        let document: JSONValue = [
            "database": "d", "table": "t", "managedTable": true,
            "columns": [["name": "id", "type": "UInt64"], ["name": "v", "type": "UInt32"]],
            "tableDefinition": [
                "engine": [
                    "type": .string(engine), "versionColumnId": version.map(JSONValue.string) ?? .null,
                    "columnIds": columns.map { .array($0.map(JSONValue.string)) } ?? .null,
                ],
                "sortingKey": keys.map { .array($0.map(JSONValue.string)) } ?? .null, "partitionBy": "id % 4",
            ],
        ]
        return try document.decode(Destination.self)
    }

    @Test func writesEachEngine() throws {
        let plain = try TableBuilder(destination("MergeTree"), cluster: nil).createTable
        #expect(
            plain.contains("ENGINE = MergeTree() PARTITION BY id % 4 ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 10000")
        )
        let replacing = try TableBuilder(destination("ReplacingMergeTree", version: "v", keys: ["id"]), cluster: nil).createTable
        #expect(replacing.contains("ENGINE = ReplacingMergeTree(`v`) PARTITION BY id % 4 ORDER BY (`id`)"))
        let summing = try TableBuilder(destination("SummingMergeTree", columns: ["v"], keys: ["id"]), cluster: nil).createTable
        #expect(summing.contains("ENGINE = SummingMergeTree((`v`))"))
        let null = try TableBuilder(destination("Null"), cluster: nil).createTable
        #expect(null.hasSuffix("ENGINE = Null"))
    }

    @Test func usesTheCluster() throws {
        let sql = try TableBuilder(destination("MergeTree"), cluster: "c-1").createTable
        #expect(sql.hasPrefix("CREATE TABLE IF NOT EXISTS `d`.`t` ON CLUSTER `c-1` ("))
        #expect(sql.contains("ENGINE = ReplicatedMergeTree()"))
        #expect(!sql.contains("non_replicated"))
    }
}

@Suite struct LoadTroubleTests {
    /// Texts of ClickHouse 25.8 when a store closes the connection in the middle of an object.
    @Test(arguments: [
        (1000, "e.code() = 0, Malformed message: Unexpected EOF"),
        (
            1001,
            "type: parquet::ParquetStatusException, e.what() = IOError: Poco::Exception. Code: 1000, e.code() = 0, Malformed message: Unexpected EOF"
        ),
    ])
    func doesNotBlameAFileForABrokenConnection(code: Int, message: String) {
        #expect(ClickHouseError(.init(rawValue: code), message).loadTrouble == .storeUnreachable)
    }

    @Test func blamesAFileThatIsNoParquet() {
        let error = ClickHouseError(
            .init(rawValue: 1001),
            "type: parquet::ParquetInvalidOrCorruptedFileException, e.what() = Invalid: Parquet magic bytes not found")
        #expect(error.loadTrouble == .data)
    }
}
