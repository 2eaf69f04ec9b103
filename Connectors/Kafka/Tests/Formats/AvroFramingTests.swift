import KafkaConnector
import PipeCore
import PipeTesting
import Testing

@Suite struct AvroFramingTests {
    static let offset = [VirtualColumn("_offset", "Int64")]
    static let virtualSelect = """
        __penstock_offset AS o, hex(__penstock_key) AS k, toUnixTimestamp64Milli(__penstock_timestamp) AS t, __penstock_partition AS p, \
        __penstock_topic AS c, __penstock_header_keys AS hk, arrayMap(x -> hex(x), __penstock_header_values) AS hv
        """
    /// The fields of the fixture as ClickHouse types.
    static let input = """
        flag Bool, i Int32, l Int64, f Float32, d Float64, `by` String, s String, fx FixedString(4), e Enum8('A' = 0, 'B' = 1, 'C' = 2), \
        arr Array(Int64), m Map(String, Float64), os Nullable(String), oi Nullable(Int32), inner Tuple(a Int32, b Nullable(String)), \
        inners Array(Tuple(a Int32, b Nullable(String))), oe Nullable(String), dec Decimal(10, 2), uid UUID, day Date32, \
        tms DateTime64(3, 'UTC'), tus DateTime64(6, 'UTC')
        """
    static let select = "flag, i, l, f, d, hex(`by`), s, fx, e, arr, m, os, oi, inner, inners, oe, dec, uid, day, tms, tus"

    private func framer(_ columns: [VirtualColumn] = [], isForInference: Bool = false) -> AvroFramer {
        AvroFraming(options: FramingOptions(columns: columns, batchBytes: 1 << 16, isForInference: isForInference)).makeFramer()
    }

    @Test(.enabled("ClickHouse answers") { await FormatServer.isAvailable() })
    func containersOfEveryCodecBecomeOne() async throws {
        var framer = framer(Self.offset)
        for (offset, container) in FormatFixtures.avroContainers.enumerated() {
            #expect(framer.append(TestMessage(container, offset: Int64(offset))).isAppended)
        }
        let rows = framer.finish()
        try #require(rows.rowCount == 5)
        #expect(rows.layout?.numbers == [0, 0, 1, 2, 3])
        #expect(rows.original(2) == FormatFixtures.avroDatums[2])
        let table = try await FormatServer.read(rows, input: Self.input, select: "__penstock_offset, \(Self.select)")
        #expect(table == zip([0, 0, 1, 2, 3], FormatFixtures.avroExpected).map { "\($0)\t\($1)" })
        // Some of the rows make a container again.
        let some = try await FormatServer.read(rows.keeping([1, 4]), input: Self.input, select: Self.select)
        #expect(some == [FormatFixtures.avroExpected[1], FormatFixtures.avroExpected[4]])
    }

    @Test(.enabled("ClickHouse answers") { await FormatServer.isAvailable() })
    func virtualColumnsStandInFront() async throws {
        var framer = framer(JSONFramingTests.columns)
        var message = TestMessage(FormatFixtures.avroContainers[0], offset: 1 << 40)
        message.key = [0xff, 0x00]
        message.headers = [("h", [0x41, 0x00]), ("i", [])]
        message.partition = 7
        #expect(framer.append(message).isAppended)
        let rows = framer.finish()
        let table = try await FormatServer.read(rows, input: Self.input, select: "\(Self.virtualSelect), hex(__penstock_raw_message), i")
        let raw = FormatFixtures.avroContainers[0].map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        #expect(
            table
                == [-1_073_741_824, 1_072_741_821].map {
                    "1099511627776\tFF00\t1700000000123\t7\tevents\t['h','i']\t['4100','']\t\(raw)\t\($0)"
                })
        #expect(rows.original(1) == FormatFixtures.avroDatums[1])
    }

    @Test func anotherSchemaNeedsAnotherBatch() {
        var framer = framer()
        #expect(framer.append(TestMessage(FormatFixtures.avroContainers[0])).isAppended)
        #expect(framer.append(TestMessage(FormatFixtures.avroOtherContainer)).needsFlush)
        #expect(framer.rowCount == 2)
        var next = self.framer()
        #expect(next.append(TestMessage(FormatFixtures.avroOtherContainer)).isAppended)
    }

    @Test func brokenContainersAreRejectedAndLeaveNothing() {
        var framer = framer(Self.offset)
        #expect(framer.append(TestMessage(FormatFixtures.avroContainers[0])).isAppended)
        let bytes = framer.byteCount
        #expect(framer.append(TestMessage("{}")).rejection?.reason.contains("not an Avro object container") == true)
        for container in FormatFixtures.avroContainers {
            // Every length: cut off anywhere, it is refused, or ends between blocks.
            for length in stride(from: 4, to: container.count, by: 7) {
                let outcome = framer.append(TestMessage(Array(container[..<length])))
                if outcome.isAppended { continue }
                #expect(outcome.rejection?.code == .dataParsing || outcome.rejection?.code == "SOURCE_SCHEMA_ERROR" || outcome.isSkipped)
            }
        }
        var wrongSync = FormatFixtures.avroContainers[1]
        wrongSync[wrongSync.count - 1] ^= 1
        #expect(framer.append(TestMessage(wrongSync)).rejection?.reason.contains("sync") == true)
        #expect(framer.byteCount >= bytes)
    }

    @Test func recursiveSchemasAreKeptFromInference() throws {
        let schema = #"{"type":"record","name":"L","fields":[{"name":"v","type":"int"},{"name":"n","type":["null","L"]}]}"#
        let container = AvroContainers.make(schema: schema, datums: [[2, 2, 4, 0], [6, 0]])
        var framer = framer(isForInference: true)
        #expect(framer.append(TestMessage(container)).rejection?.code == "SOURCE_SCHEMA_ERROR")
        var plain = self.framer()
        #expect(plain.append(TestMessage(container)).isAppended)
        #expect(plain.rowCount == 2)
    }

    @Test(.enabled("ClickHouse answers") { await FormatServer.isAvailable() })
    func aMappedFieldThatASchemaLacksIsZero() async throws {
        var framer = framer()
        #expect(framer.append(TestMessage(FormatFixtures.avroOtherContainer)).isAppended)
        let table = try await FormatServer.read(framer.finish(), input: "s String, later Int32", select: "s, later")
        #expect(table == ["other\t0"])
    }

    /// No bytes make the walk run away or crash, and what it takes ClickHouse takes.
    @Test(.enabled("ClickHouse answers") { await FormatServer.isAvailable() })
    func mutatedDatumsNeverSpoilABatch() async throws {
        var generator = SeededGenerator(seed: 7)
        var framer = framer(Self.offset)
        for offset in 0..<3000 {
            var datum = FormatFixtures.avroDatums[Int.random(in: 0..<5, using: &generator)]
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                datum[Int.random(in: 0..<datum.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            _ = framer.append(
                TestMessage(AvroContainers.make(schema: FormatFixtures.avroSchema, datums: [datum]), offset: Int64(offset)))
        }
        let rows = framer.finish()
        #expect(rows.rowCount > 500 && rows.rowCount < 3000)
        // Texts of UUIDs and the ranges of dates are values, not structure.
        let table = try await FormatServer.read(
            rows,
            input: Self.input.replacing("uid UUID", with: "uid String").replacing("day Date32", with: "day Int32")
                .replacing("tms DateTime64(3, 'UTC')", with: "tms Int64").replacing("tus DateTime64(6, 'UTC')", with: "tus Int64")
                .replacing("dec Decimal(10, 2)", with: "dec String"),
            select: "count(), sum(length(arr)) > 0")
        #expect(table == ["\(rows.rowCount)\ttrue"] || table == ["\(rows.rowCount)\t1"])
    }
}

/// Containers of one block, as plain as can be.
enum AvroContainers {
    static func make(schema: String, datums: [[UInt8]]) -> [UInt8] {
        let sync = [UInt8](repeating: 7, count: 16)
        let content = datums.flatMap { $0 }
        return [0x4f, 0x62, 0x6a, 1, 2] + bytes(Array("avro.schema".utf8)) + bytes(Array(schema.utf8)) + [0] + sync + long(datums.count)
            + bytes(content) + sync
    }

    static func long(_ value: Int) -> [UInt8] {
        var rest = UInt64(bitPattern: Int64((value << 1) ^ (value >> 63)))
        var bytes: [UInt8] = []
        while rest > 0x7f {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func bytes(_ value: [UInt8]) -> [UInt8] { long(value.count) + value }
}
