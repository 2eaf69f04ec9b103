import FoundationEssentials
import KafkaConnector
import PipeCore
import PipeTesting
import Testing

@Suite struct ProtobufFramingTests {
    static let input = """
        d Float64, f Float32, i32 Int32, i64 Int64, u32 UInt32, u64 UInt64, s32 Int32, s64 Int64, fx32 UInt32, fx64 UInt64, sfx32 Int32, \
        sfx64 Int64, b Bool, s String, `by` String, kind LowCardinality(String), okind Nullable(String), oi Nullable(Int32), \
        packed Array(Int32), loose Array(Int64), doubles Array(Float64), words Array(String), \
        inner Tuple(a Int32, b Nullable(String), leaf Tuple(words Array(String))), \
        inners Array(Tuple(a Int32, b Nullable(String), leaf Tuple(words Array(String)))), counts Map(String, Int32), \
        by_number Map(Int32, Tuple(a Int32, b Nullable(String), leaf Tuple(words Array(String)))), flags Map(String, String), \
        left Nullable(String), right Nullable(Int64), at Nullable(DateTime64(6, 'UTC')), maybe Nullable(String), extra Nullable(String), \
        tree Nullable(String), kinds Array(String), times Array(DateTime64(6, 'UTC')), far Int32
        """
    static let select = """
        d, f, i32, i64, u32, u64, s32, s64, fx32, fx64, sfx32, sfx64, b, s, hex(`by`), kind, okind, oi, packed, loose, doubles, words, \
        inner, inners, counts, by_number, flags, left, right, at, maybe, extra, tree, kinds, times, far
        """
    /// What the fixture's messages say, as ClickHouse writes it; see `proto_row` of the script.
    static let expected: [[String]] = [
        [
            "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "false", "", "", "NONE", "\\N", "\\N", "[]", "[]", "[]", "[]",
            "(0,NULL,([]))", "[]", "{}", "{}", "{}", "\\N", "\\N", "\\N", "\\N", "\\N", "\\N", "[]", "[]", "0",
        ],
        [
            "0.14285714285714285", "0.25", "-1", "-4611686018427387905", "4294967295", "18446744073709551615", "-1", "-2305843009213693952",
            "4294967295", "18446744073709551615", "-1", "-1", "true", "é1", "00FF01", "ONE", "NONE", "0", "[1,-1,300]", "[2,-2]",
            "[0.5,-1.5]", "['x','','y']", "(1,NULL,(['deep','er']))", "[(5,'b',([])),(0,NULL,([]))]", "{'k':7}", "{-3:(9,NULL,([]))}",
            "{'true':'yes'}", "", "\\N", "1969-12-31 23:59:59.500000", "", #"{"a":[1.5,"x",null,true,{"q":{}}]}"#,
            #"{"v":1152921504606846976,"next":[{"v":2}],"named":{"n":{"kind":"ONE"}},"raw":"/w=="}"#, "['ONE','MINUS','NONE']",
            "['1970-01-02 00:00:00.000000']", "1",
        ],
        [
            "0.2857142857142857", "0.5", "-2", "-4611686018427387906", "4294967294", "18446744073709551614", "-2", "-2305843009213693952",
            "4294967294", "18446744073709551614", "-2", "-2", "true", "é2", "00FF02", "MINUS", "\\N", "\\N", "[1,-1,300]", "[2,-2]",
            "[0.5,-1.5]", "['x','','y']", "(2,NULL,(['deep','er']))", "[(5,'b',([])),(0,NULL,([]))]", "{'k':7}", "{-3:(9,NULL,([]))}",
            "{'true':'yes'}", "\\N", "1152921504606846976", "1969-12-31 23:59:59.500000", "\\N", "\\N", "\\N", "['ONE','MINUS','NONE']",
            "['1970-01-02 00:00:00.000000']", "2",
        ],
    ]

    private func framer(_ schema: [UInt8], columns: [VirtualColumn] = []) throws -> ProtobufFramer {
        try ProtobufFraming(
            options: FramingOptions(columns: columns, batchBytes: 1 << 16), base64: Data(schema).base64EncodedString()
        ).makeFramer()
    }

    /// A schema whose first message is the fixture's `All`.
    private static let text = FormatFixtures.protoText.replacing(
        "message Unused { string x = 1; message Deep { int32 z = 1; } }", with: "")

    @Test(.enabled("ClickHouse answers") { await FormatServer.isAvailable() })
    func everyTypeArrives() async throws {
        var framer = try framer(
            Array(Self.text.replacing("rpc Get (Unused)", with: "rpc Get (All)").utf8), columns: AvroFramingTests.offset)
        for (offset, message) in FormatFixtures.protoMessages.enumerated() {
            #expect(framer.append(TestMessage(message, offset: Int64(offset))).isAppended)
        }
        let table = try await FormatServer.read(framer.finish(), input: Self.input, select: "__penstock_offset, \(Self.select)")
        for (row, expected) in zip(table, Self.expected.enumerated()) {
            #expect(
                row.split(separator: "\t", omittingEmptySubsequences: false).map(String.init) == ["\(expected.offset)"] + expected.element)
        }
        #expect(table.count == 3)
    }

    @Test(.enabled("ClickHouse answers") { await FormatServer.isAvailable() })
    func descriptorSetsAreSchemasToo() async throws {
        let registry = RegistryInMemory([
            .id(5): RegisteredSchema(kind: .protobuf, text: Data(Self.fileDescriptor()).base64EncodedString())
        ])
        let framing = ProtobufFraming(options: FramingOptions(batchBytes: 1 << 16), source: registry, hasPin: false)
        var framer = framing.makeFramer()
        // The second message of the file: one index, which is 1.
        let header: [UInt8] = [0, 0, 0, 0, 5, 2, 2]
        for message in FormatFixtures.protoMessages {
            #expect(try await framing.append(TestMessage(header + message), to: &framer).isAppended)
        }
        let table = try await FormatServer.read(framer.finish(), input: Self.input, select: Self.select)
        #expect(table == Self.expected.map { $0.joined(separator: "\t") })
        // The whole set as the configuration has it: its last file, its first message.
        var fixed = try self.framer(FormatFixtures.protoDescriptors)
        #expect(fixed.append(TestMessage([0x0a, 1, 0x78])).isAppended)
        #expect(try await FormatServer.read(fixed.finish(), input: "x String", select: "x") == ["x"])
    }

    /// The last file of the descriptor set.
    private static func fileDescriptor() -> [UInt8] {
        var rest = FormatFixtures.protoDescriptors[...]
        var last: ArraySlice<UInt8> = []
        while !rest.isEmpty {
            rest = rest.dropFirst()
            var (length, shift) = (0, 0)
            while let byte = rest.popFirst() {
                length |= Int(byte & 0x7f) << shift
                shift += 7
                if byte & 0x80 == 0 { break }
            }
            last = rest.prefix(length)
            rest = rest.dropFirst(length)
        }
        return Array(last)
    }

    @Test func indexesNameAMessage() async throws {
        let registry = RegistryInMemory([.id(1): RegisteredSchema(kind: .protobuf, text: FormatFixtures.protoText)])
        let framing = ProtobufFraming(options: FramingOptions(batchBytes: 1 << 16), source: registry, hasPin: false)
        var framer = framing.makeFramer()
        // Unused (short form), Unused.Deep, All.
        #expect(try await framing.append(TestMessage([0, 0, 0, 0, 1, 0, 0x0a, 1, 0x78]), to: &framer).isAppended)
        #expect(try await framing.append(TestMessage([0, 0, 0, 0, 1, 4, 0, 0, 0x08, 1]), to: &framer).needsFlush)
        #expect(try await framing.append(TestMessage([0, 0, 0, 0, 1, 2, 0, 0x0a, 1, 0x78]), to: &framer).isAppended)
        let outside = try await framing.append(TestMessage([0, 0, 0, 0, 1, 2, 8, 0x08, 1]), to: &framer)
        #expect(outside.rejection?.code == "SOURCE_SCHEMA_ERROR")
        let bare = try await framing.append(TestMessage([0x0a, 1, 0x78]), to: &framer)
        #expect(bare.rejection?.reason.contains("no schema id") == true)
        #expect(framer.rowCount == 2)
    }

    @Test func whatDoesNotFitIsRejected() throws {
        var framer = try framer(
            Array(
                """
                syntax = "proto2";
                message A { required int32 id = 1; optional string s = 2; optional E e = 3; repeated group G = 4 { optional int32 x = 1; } }
                enum E { ZERO = 0; TEN = 10; }
                """.utf8))
        #expect(framer.append(TestMessage([0x08, 1])).isAppended)
        #expect(framer.append(TestMessage([0x08, 1, 0x23, 0x08, 5, 0x24, 0x23, 0x24])).isAppended)
        let bytes = framer.byteCount
        for (message, reason) in [
            ([], "required field 'id'"), ([0x08], "ends within"), ([0x0a, 1, 0x78], "'id' has another kind"),
            ([0x08, 1, 0x12, 5, 0x78], "ends within"), ([0x08, 1, 0x18, 3], "no value 3"), ([0x00], "impossible number"),
            ([0x08, 1, 0x23, 0x08], "ends within"), ([0x08, 1, 0x24], "not closed"),
            ([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], "ten bytes"),
        ] as [([UInt8], String)] {
            let record = framer.append(TestMessage(message)).rejection
            #expect(record?.code == .dataParsing)
            #expect(record?.reason.contains(reason) == true, "\(record?.reason ?? "taken"), not \(reason)")
        }
        #expect(framer.byteCount == bytes)
    }

    @Test func schemasThatFitNothingAreNamed() {
        for (text, reason) in [
            ("message A { B b = 1; }", "'B'"), ("message A {", "no name"), ("syntax = \"proto3\";", "no message"),
            ("import \"x.proto\"; message A {}", "imports 'x.proto'"), ("message A { int32 a = 1; int32 b = 1; }", "number 1"),
            ("message A { int32 a = 0; }", "number 0"), ("message A {} message A {}", "twice"), ("enum E {}", "without values"),
        ] {
            let error = #expect(throws: PipeError.self) { _ = try framer(Array(text.utf8)) }
            #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        }
    }

    @Test func importsAreFound() async throws {
        let registry = RegistryInMemory([
            .id(1): RegisteredSchema(
                kind: .protobuf, text: "syntax=\"proto3\"; package p; import public \"a/b.proto\"; message M { q.N n = 1; .q.N m = 2; }",
                dependencies: [
                    RegisteredSchema.Dependency(name: "c.proto", text: "package q; enum K { Z = 0; }"),
                    RegisteredSchema.Dependency(
                        name: "a/b.proto", text: "syntax = 'proto3'; package q; import 'c.proto'; message N { K k = 1; int32 v = 2; }"),
                ])
        ])
        let framing = ProtobufFraming(options: FramingOptions(batchBytes: 1 << 16), source: registry, hasPin: false)
        var framer = framing.makeFramer()
        #expect(try await framing.append(TestMessage([0, 0, 0, 0, 1, 0, 0x0a, 2, 0x10, 7]), to: &framer).isAppended)
        // Fields in order: n {k, v}, m {k, v}.
        #expect(framer.byteCount == 4)
    }

    /// Changed bytes never crash, and what is taken ClickHouse takes.
    @Test(.enabled("ClickHouse answers") { await FormatServer.isAvailable() })
    func mutatedMessagesNeverSpoilABatch() async throws {
        var generator = SeededGenerator(seed: 11)
        var framer = try framer(Array(Self.text.replacing("rpc Get (Unused)", with: "rpc Get (All)").utf8))
        for offset in 0..<4000 {
            var message = FormatFixtures.protoMessages[Int.random(in: 1...2, using: &generator)]
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                message[Int.random(in: 0..<message.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            if Bool.random(using: &generator) { message.removeLast(Int.random(in: 0..<message.count, using: &generator)) }
            _ = framer.append(TestMessage(message, offset: Int64(offset)))
        }
        let rows = framer.finish()
        #expect(rows.rowCount > 300 && rows.rowCount < 4000)
        let table = try await FormatServer.read(rows, input: Self.input, select: "count(), max(length(words)) > 0")
        #expect(table == ["\(rows.rowCount)\ttrue"] || table == ["\(rows.rowCount)\t1"])
    }

    /// A floor that a machine under load keeps; `PENSTOCK_SPEED=1` measures for longer.
    @Test func framingKeepsUpWithTheBroker() async throws {
        let proto =
            "syntax=\"proto3\"; message E { int64 id=1; int64 ts=2; string user=3; string session=4; string kind=5; double amount=6; bool ok=7; repeated string tags=8; G geo=9; string msg=10; } message G { double lat=1; double lon=2; string city=3; }"
        var message: [UInt8] = [0x08, 0x81, 0x82, 0x03, 0x10, 0x80, 0xe2, 0xcf, 0xaa, 0x06]
        func text(_ tag: UInt8, _ value: String) { message += [tag, UInt8(value.utf8.count)] + Array(value.utf8) }
        text(0x1a, "user-18034063")
        text(0x22, "0123456789abcdef0123456789abcdef")
        text(0x2a, "click")
        message += [0x31, 0xc0, 0xac, 0x77, 0x75, 0x35, 0xe2, 0x6f, 0x40, 0x38, 0x01]
        for tag in ["t1", "t22", "t333", "t4"] { text(0x42, tag) }
        message += [0x4a, 31, 0x09, 0, 0, 0, 0, 0, 0, 0x40, 0x40, 0x11, 0, 0, 0, 0, 0, 0, 0x40, 0x40, 0x1a, 11] + Array("Springfield".utf8)
        for (tag, _) in [(UInt8(0x52), 0)] { message += [tag, 0xea, 0x01] + [UInt8](repeating: 0x78, count: 234) }
        var framer = try framer(Array(proto.utf8))
        let isMeasured = ProcessInfo.processInfo.environment["PENSTOCK_SPEED"] == "1"
        let count = isMeasured ? 300_000 : 10_000
        let bytes = message
        var best = Duration.seconds(1000)
        for _ in 0..<3 {
            best = min(
                best,
                try ContinuousClock().measure {
                    try bytes.withUnsafeBytes { value in
                        var message = KafkaMessage(topic: "events", partition: 1, offset: 0, timestamp: 1, value: value)
                        for offset in 0..<count {
                            message.offset = Int64(offset)
                            _ = framer.append(message)
                            if framer.byteCount > 16 << 20 { framer = try self.framer(Array(proto.utf8)) }
                        }
                    }
                })
        }
        let rate = Double(message.count * count) / 1e6 / (Double(best.components.attoseconds) / 1e18 + Double(best.components.seconds))
        print("Protobuf framing, \(message.count) bytes: \(Int(rate)) MB/s")
        #expect(rate > (isMeasured ? 100 : 5))

        // The same record as Avro of a registry, added fields in front.
        let registry = RegistryInMemory([.id(1): RegisteredSchema(kind: .avro, text: FormatFixtures.avroSchema)])
        for columns in [[], AvroFramingTests.offset] {
            let framing = AvroRegistryFraming(
                options: FramingOptions(columns: columns), source: registry, header: .confluent, hasPin: false)
            let datum = AvroRegistryFramingTests.confluent(1, FormatFixtures.avroDatums[4])
            try await framing.resolve(.id(1))
            var avroBest = Duration.seconds(1000)
            for _ in 0..<3 {
                avroBest = min(
                    avroBest,
                    ContinuousClock().measure {
                        datum.withUnsafeBytes { value in
                            var framer = framing.makeFramer()
                            var message = KafkaMessage(topic: "events", partition: 1, offset: 0, timestamp: 1, value: value)
                            for offset in 0..<count {
                                message.offset = Int64(offset)
                                _ = framer.append(message)
                                if framer.byteCount > 16 << 20 { framer = framing.makeFramer() }
                            }
                        }
                    })
            }
            let avroRate =
                Double(datum.count * count) / 1e6 / (Double(avroBest.components.attoseconds) / 1e18 + Double(avroBest.components.seconds))
            print("AvroConfluent framing, \(columns.count) added fields, \(datum.count) bytes of 22 fields: \(Int(avroRate)) MB/s")
            #expect(avroRate > (isMeasured ? 100 : 5))
        }
    }
}
