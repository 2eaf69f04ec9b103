import KafkaConnector
import PipeCore
import Synchronization
import Testing

/// A registry in memory that counts what it is asked.
final class RegistryInMemory: SchemaSource {
    private let schemas: Mutex<[SchemaReference: RegisteredSchema]>
    private let state = Mutex<(asked: [SchemaReference], trouble: PipeError?)>(([], nil))

    init(_ schemas: [SchemaReference: RegisteredSchema]) { self.schemas = Mutex(schemas) }

    var asked: [SchemaReference] { state.withLock(\.asked) }
    func set(_ reference: SchemaReference, _ schema: RegisteredSchema) { schemas.withLock { $0[reference] = schema } }
    func fail(_ trouble: PipeError?) { state.withLock { $0.trouble = trouble } }

    func schema(_ reference: SchemaReference) async throws(RegistryFault) -> RegisteredSchema {
        let trouble = state.withLock { state in
            state.asked.append(reference)
            return state.trouble
        }
        if let trouble { throw .registry(trouble) }
        guard let schema = schemas.withLock({ $0[reference] }) else { throw .missing("there is no such schema") }
        return schema
    }

    func reach() async throws(RegistryFault) {}
}

extension MessageFraming {
    /// Appends as the consumer does: fetches what is missing.
    func append(_ message: TestMessage, to framer: inout Framer) async throws -> FramingOutcome<Framer.Need> {
        while true {
            let outcome = framer.append(message)
            guard let need = outcome.need else { return outcome }
            try await resolve(need)
        }
    }
}

@Suite struct AvroRegistryFramingTests {
    static func confluent(_ id: Int32, _ datum: [UInt8]) -> [UInt8] { [0] + withUnsafeBytes(of: id.bigEndian) { Array($0) } + datum }

    private func framing(
        _ registry: RegistryInMemory, columns: [VirtualColumn] = [], hasPin: Bool = false, header: SchemaHeader.Kind = .confluent,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) -> AvroRegistryFraming {
        AvroRegistryFraming(
            options: FramingOptions(columns: columns, batchBytes: 1 << 16), source: registry, header: header, hasPin: hasPin, now: now)
    }

    private let all = RegisteredSchema(kind: .avro, text: FormatFixtures.avroSchema)

    @Test(.enabled("ClickHouse answers") { await FormatServer.isAvailable() })
    func datumsOfOneSchemaBecomeOneContainer() async throws {
        let registry = RegistryInMemory([.id(7): all])
        let framing = framing(registry, columns: AvroFramingTests.offset)
        var framer = framing.makeFramer()
        for (offset, datum) in FormatFixtures.avroDatums.enumerated() {
            #expect(try await framing.append(TestMessage(Self.confluent(7, datum), offset: Int64(offset)), to: &framer).isAppended)
        }
        let rows = framer.finish()
        let table = try await FormatServer.read(
            rows, input: AvroFramingTests.input, select: "__penstock_offset, \(AvroFramingTests.select)")
        #expect(table == FormatFixtures.avroExpected.enumerated().map { "\($0)\t\($1)" })
        #expect(registry.asked == [.id(7)])
        #expect(rows.original(3) == FormatFixtures.avroDatums[3])
    }

    @Test func anotherSchemaNeedsAnotherBatch() async throws {
        let registry = RegistryInMemory([.id(1): RegisteredSchema(kind: .avro, text: #""long""#), .id(2): all])
        let framing = framing(registry)
        var framer = framing.makeFramer()
        #expect(try await framing.append(TestMessage(Self.confluent(1, [2])), to: &framer).isAppended)
        #expect(try await framing.append(TestMessage(Self.confluent(2, FormatFixtures.avroDatums[0])), to: &framer).needsFlush)
        // What is rejected anyway closes nothing.
        let missing = try await framing.append(TestMessage(Self.confluent(3, [2])), to: &framer)
        #expect(missing.rejection?.code == "SOURCE_SCHEMA_ERROR")
        #expect(try await framing.append(TestMessage(Self.confluent(1, [4])), to: &framer).isAppended)
        #expect(framer.rowCount == 2)
    }

    @Test(.enabled("ClickHouse answers") { await FormatServer.isAvailable() })
    func aSchemaThatIsNoRecordBecomesTheFieldValue() async throws {
        let registry = RegistryInMemory([.id(1): RegisteredSchema(kind: .avro, text: #"{"type":"array","items":["null","string"]}"#)])
        let framing = framing(registry, columns: AvroFramingTests.offset)
        var framer = framing.makeFramer()
        #expect(
            try await framing.append(TestMessage(Self.confluent(1, [4, 0, 2, 2, 0x78, 0]), offset: 3), to: &framer).isAppended)
        let table = try await FormatServer.read(
            framer.finish(), input: "value Array(Nullable(String))", select: "__penstock_offset, value")
        #expect(table == ["3\t[NULL,'x']"])
    }

    @Test func corruptDatumsAreRejected() async throws {
        let registry = RegistryInMemory([.id(1): all])
        let framing = framing(registry)
        var framer = framing.makeFramer()
        let good = FormatFixtures.avroDatums[3]
        #expect(try await framing.append(TestMessage(Self.confluent(1, good)), to: &framer).isAppended)
        for length in 0..<good.count {
            let outcome = framer.append(TestMessage(Self.confluent(1, Array(good[..<length]))))
            #expect(outcome.rejection?.code == .dataParsing)
        }
        let longer = framer.append(TestMessage(Self.confluent(1, good + [0])))
        #expect(longer.rejection?.reason.contains("1 bytes stand behind") == true)
        #expect(framer.rowCount == 1)
    }

    @Test func messagesWithoutAnIdHaveTheSchemaOfTheConfiguration() async throws {
        let registry = RegistryInMemory([.configured: RegisteredSchema(kind: .avro, text: #""string""#)])
        let pinned = framing(registry, hasPin: true)
        var framer = pinned.makeFramer()
        #expect(try await pinned.append(TestMessage([2, 0x78]), to: &framer).isAppended)
        // Begins like an id, which the registry does not know.
        #expect(try await pinned.append(TestMessage([0]), to: &framer).isAppended)
        let loose = framing(registry)
        var other = loose.makeFramer()
        #expect(try await loose.append(TestMessage([2, 0x78]), to: &other).rejection?.code == "SOURCE_SCHEMA_ERROR")
    }

    @Test func aRegistryThatIsDownRejectsNothing() async throws {
        let registry = RegistryInMemory([.id(1): RegisteredSchema(kind: .avro, text: #""long""#)])
        registry.fail(PipeError(.sourceUnreachable, .retry, side: .source, "down"))
        let framing = framing(registry)
        var framer = framing.makeFramer()
        await #expect(throws: PipeError.self) { try await framing.resolve(.id(1)) }
        #expect(framer.append(TestMessage(Self.confluent(1, [2]))).need == .id(1))
        registry.fail(nil)
        #expect(try await framing.append(TestMessage(Self.confluent(1, [2])), to: &framer).isAppended)
    }

    @Test func aMissingSchemaIsAskedForAgainAfterAWhile() async throws {
        let start = ContinuousClock.now
        let passed = Mutex(Duration.zero)
        let registry = RegistryInMemory([:])
        let framing = framing(registry) { start.advanced(by: passed.withLock { $0 }) }
        var framer = framing.makeFramer()
        for _ in 0..<3 { #expect(try await framing.append(TestMessage(Self.confluent(1, [2])), to: &framer).rejection != nil) }
        #expect(registry.asked.count == 1)
        registry.set(.id(1), RegisteredSchema(kind: .avro, text: #""long""#))
        passed.withLock { $0 = .seconds(31) }
        #expect(try await framing.append(TestMessage(Self.confluent(1, [2])), to: &framer).isAppended)
        #expect(registry.asked.count == 2)
    }

    @Test func manyReadersAskOnce() async throws {
        let registry = RegistryInMemory([.id(1): all])
        let framing = framing(registry)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { try await framing.resolve(.id(1)) } }
            try await group.waitForAll()
        }
        #expect(registry.asked.count == 1)
    }

    @Test func schemasThatFitNothingAreNamed() async throws {
        let registry = RegistryInMemory([
            .id(1): RegisteredSchema(kind: .protobuf, text: "message A {}"),
            .id(2): RegisteredSchema(kind: .avro, text: #"{"type":"recor"}"#),
            .id(3): RegisteredSchema(kind: .avro, text: "{"),
        ])
        let framing = framing(registry)
        var framer = framing.makeFramer()
        for (id, reason) in [(Int32(1), "type PROTOBUF"), (2, "'recor'"), (3, "not JSON")] {
            let record = try await framing.append(TestMessage(Self.confluent(id, [2])), to: &framer).rejection
            #expect(record?.code == "SOURCE_SCHEMA_ERROR")
            #expect(record?.reason.contains(reason) == true, "\(record?.reason ?? "")")
        }
    }

    @Test(.enabled("ClickHouse answers") { await FormatServer.isAvailable() })
    func referencedSchemasAreInlined() async throws {
        let main =
            #"{"type":"record","name":"Order","namespace":"shop","fields":[{"name":"at","type":"geo.Point"},{"name":"to","type":["null","geo.Point"]},{"name":"k","type":"Kind"}]}"#
        let point = #"{"type":"record","name":"Point","namespace":"geo","fields":[{"name":"x","type":"int"},{"name":"u","type":"unit"}]}"#
        let unit = #"{"type":"enum","name":"unit","namespace":"geo","symbols":["m","km"]}"#
        let kind = #"{"type":"enum","name":"Kind","symbols":["p","q"]}"#
        let registry = RegistryInMemory([
            .id(1): RegisteredSchema(
                kind: .avro, text: main,
                dependencies: [
                    RegisteredSchema.Dependency(name: "geo.unit", text: unit), RegisteredSchema.Dependency(name: "geo.Point", text: point),
                    RegisteredSchema.Dependency(name: "Kind", text: kind),
                ])
        ])
        let framing = framing(registry)
        var framer = framing.makeFramer()
        #expect(try await framing.append(TestMessage(Self.confluent(1, [6, 2, 2, 8, 0, 2])), to: &framer).isAppended)
        let table = try await FormatServer.read(
            framer.finish(), input: "`at.x` Int32, `at.u` String, to Tuple(x Int32, u String), k String",
            select: "`at.x`, `at.u`, to.x, to.u, k")
        #expect(table == ["3\tkm\t4\tm\tq"])
    }

    @Test func glueHeadersNameAVersion() async throws {
        let id = SchemaVersionID(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff)
        #expect(id.description == "00112233-4455-6677-8899-aabbccddeeff")
        let registry = RegistryInMemory([.version(id): RegisteredSchema(kind: .avro, text: #""string""#)])
        let framing = framing(registry, header: .glue)
        var framer = framing.makeFramer()
        let uuid: [UInt8] = [0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff]
        #expect(try await framing.append(TestMessage([3, 0] + uuid + [2, 0x78]), to: &framer).isAppended)
        // zlib.compress(b"\x02x")
        let deflated: [UInt8] = [0x78, 0x9c, 0x63, 0xaa, 0x00, 0x00, 0x00, 0x7e, 0x00, 0x7b]
        #expect(try await framing.append(TestMessage([3, 5] + uuid + deflated), to: &framer).isAppended)
        #expect(try await framing.append(TestMessage([3, 5] + uuid + [1, 2, 3]), to: &framer).rejection?.code == .dataParsing)
        #expect(try await framing.append(TestMessage([2, 0x78]), to: &framer).rejection?.code == "SOURCE_SCHEMA_ERROR")
        let rows = framer.finish()
        #expect(rows.rowCount == 2)
        #expect(rows.original(0) == rows.original(1))
    }
}
