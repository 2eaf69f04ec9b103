import PipeTesting
import PostgresConnector
import Testing

struct PgOutputDecoderTests {
    private func decode(_ message: PgOutputBytes, with decoder: inout PgOutputDecoder) throws -> (PgOutputMessage, UInt32?) {
        let (result, transaction) = try message.bytes.withUnsafeBytes { bytes in
            Result { () throws(WireError) in try decoder.decode(bytes) }
        }.get()
        return (result, transaction)
    }

    private func decode(_ message: PgOutputBytes) throws -> PgOutputMessage {
        var decoder = PgOutputDecoder()
        return try decode(message, with: &decoder).0
    }

    @Test func transactionsAreFramed() throws {
        guard case .begin(let begin) = try decode(.begin(0x16_B374_D848)) else { throw Unexpected() }
        #expect(begin.commit.description == "16/B374D848")
        #expect(begin.transaction == 7)
        guard case .commit(let commit) = try decode(.commit(100)) else { throw Unexpected() }
        #expect(commit.position.value == 92)
        #expect(commit.end.value == 100)
    }

    @Test func relationsNameTheirColumns() throws {
        let message = try decode(.relation(5, "orders", [("id", 23, true), ("note", 25, false)]))
        guard case .relation(let relation) = message else { throw Unexpected() }
        #expect(relation.schema == "public" && relation.name == "orders" && relation.identity == .standard)
        #expect(relation.columns.map(\.name) == ["id", "note"])
        #expect(relation.columns.map(\.isKey) == [true, false])
    }

    @Test func rowsKeepEveryKindOfValue() throws {
        let bytes = PgOutputBytes("U").integer(UInt32(5)).letter("K").tuple([.text("1"), .null]).letter("N")
            .tuple([.binary([0, 0, 0, 2]), .unchanged])
        guard case .update(5, let old, let new) = try decode(bytes) else { throw Unexpected() }
        #expect(old?.isKeyOnly == true)
        #expect(old?.tuple.fields.map(\.kind) == [.text, .null])
        #expect(new.fields.map(\.kind) == [.binary, .unchanged])
        #expect(Array(bytes.bytes[new.fields[0].range]) == [0, 0, 0, 2])

        let full = PgOutputBytes("D").integer(UInt32(5)).letter("O").tuple([.text("1"), .text("é")])
        guard case .delete(5, let gone) = try decode(full) else { throw Unexpected() }
        #expect(!gone.isKeyOnly)
        #expect(String(decoding: full.bytes[gone.tuple.fields[1].range], as: UTF8.self) == "é")
    }

    @Test func truncatesNameTheirTables() throws {
        let bytes = PgOutputBytes("T").integer(Int32(2)).integer(UInt8(3)).integer(UInt32(5)).integer(UInt32(6))
        #expect(try decode(bytes) == .truncate(relations: [5, 6], cascade: true, restartIdentity: true))
    }

    @Test func streamedPiecesCarryTheirTransaction() throws {
        var decoder = PgOutputDecoder()
        _ = try decode(PgOutputBytes("S").integer(UInt32(9)).integer(UInt8(1)), with: &decoder)
        #expect(decoder.isStreaming)
        let (insert, part) = try decode(
            PgOutputBytes("I").integer(UInt32(11)).integer(UInt32(5)).letter("N").tuple([.text("x")]), with: &decoder)
        #expect(part == 11)
        guard case .insert(5, _) = insert else { throw Unexpected() }
        _ = try decode(PgOutputBytes("E"), with: &decoder)
        #expect(!decoder.isStreaming)
        #expect(
            try decode(PgOutputBytes("A").integer(UInt32(9)).integer(UInt32(11)), with: &decoder).0
                == .streamAbort(transaction: 9, part: 11))
        let commit = PgOutputBytes("c").integer(UInt32(9)).integer(UInt8(0)).integer(UInt64(1)).integer(UInt64(2)).integer(Int64(3))
        guard case .streamCommit(9, let end) = try decode(commit, with: &decoder).0 else { throw Unexpected() }
        #expect(end.end.value == 2)
    }

    @Test func framesOfReplicationAreRead() throws {
        let keepalive = PgOutputBytes("k").integer(UInt64(5)).integer(Int64(0)).integer(UInt8(1))
        let frame = try keepalive.bytes.withUnsafeBytes { bytes in Result { () throws(WireError) in try ReplicationFrame(bytes) } }.get()
        #expect(frame == .keepalive(end: LogPosition(5), wantsReply: true))
        #expect(ReplicationFrame.status(LogPosition(258)).prefix(9).elementsEqual([UInt8(ascii: "r"), 0, 0, 0, 0, 0, 0, 1, 2]))
    }

    /// Every prefix of every message, and thousands of damaged ones: an error or a message, never a crash.
    @Test func anythingElseIsAnError() throws {
        let messages: [PgOutputBytes] = [
            .begin(1), .commit(99), .relation(5, "orders", [("id", 23, true), ("note", 25, false)]),
            PgOutputBytes("I").integer(UInt32(5)).letter("N").tuple([.text("1"), .null, .unchanged, .binary([1, 2, 3])]),
            PgOutputBytes("U").integer(UInt32(5)).letter("O").tuple([.text("1")]).letter("N").tuple([.text("2")]),
            PgOutputBytes("D").integer(UInt32(5)).letter("K").tuple([.text("1")]),
            PgOutputBytes("T").integer(Int32(1)).integer(UInt8(0)).integer(UInt32(5)),
            PgOutputBytes("M").integer(UInt8(1)).integer(UInt64(1)).text("prefix"),  // its content, of no use here, is not read
            PgOutputBytes("S").integer(UInt32(9)).integer(UInt8(1)), PgOutputBytes("E"),
            PgOutputBytes("A").integer(UInt32(9)).integer(UInt32(11)),
        ]
        for message in messages {
            for length in 0..<message.bytes.count {
                var cut = PgOutputBytes()
                cut.bytes = Array(message.bytes.prefix(length))
                #expect((try? decode(cut)) == nil, "\(length) bytes of \(message.bytes)")
            }
        }
        var refused = 0
        var random = SeededGenerator(seed: 20_260)
        for _ in 0..<200_000 {
            var damaged = messages[Int.random(in: 0..<messages.count, using: &random)]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged.bytes[Int.random(in: 0..<damaged.bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            var decoder = PgOutputDecoder()
            if (try? decode(damaged, with: &decoder)) == nil { refused += 1 }
        }
        #expect(refused > 10_000)
    }
}

struct Unexpected: Error {}
