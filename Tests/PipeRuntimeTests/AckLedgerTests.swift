import PipeCore
import PipeRuntime
import PipeTesting
import Testing

@Suite struct AckLedgerTests {
    private typealias Ledger = AckLedger<ScriptedExtent>
    private let a = Lane("a")
    private let b = Lane("b")

    private func receipt() -> InsertReceipt { InsertReceipt(rows: 1, bytes: 1) }

    private func isFree(_ ledger: inout Ledger, _ id: String) -> Bool {
        ledger.open(BatchID(id), in: b, extent: ScriptedExtent(first: 0, next: 1), bytes: 1, at: .zero) != nil
    }

    private func open(_ ledger: inout Ledger, _ lane: Lane, _ first: Int, bytes: Int = 10, at: Duration = .zero) throws -> Ledger.Ticket {
        let ticket = ledger.open(
            BatchID("\(lane)\(first)"), in: lane, extent: ScriptedExtent(first: first, next: first + 1), bytes: bytes, at: at)
        return try #require(ticket)
    }

    @Test func onlyTheSettledPrefixOfALaneLeaves() throws {
        var ledger = Ledger()
        let tickets = try (0..<3).map { try open(&ledger, a, $0) }
        ledger.settle(tickets[1], receipt())
        ledger.settle(tickets[2], receipt())
        let early = ledger.beginSave()
        #expect(early == nil, "the first batch of the lane is not durable")
        ledger.settle(tickets[0], receipt())
        let saved = ledger.beginSave()
        let advance = try #require(saved)
        #expect(advance.positions == [a: ScriptedExtent.Position(next: 3)])
        #expect(advance.settled.map(\.rawValue) == ["a0", "a1", "a2"])
    }

    @Test func lanesDoNotWaitForEachOther() throws {
        var ledger = Ledger()
        _ = try open(&ledger, a, 0)
        let second = try open(&ledger, b, 7)
        ledger.settle(second, receipt())
        let saved = ledger.beginSave()
        #expect(saved?.positions == [b: ScriptedExtent.Position(next: 8)])
    }

    @Test func settlementsDuringASaveGatherForTheNext() throws {
        var ledger = Ledger()
        let tickets = try (0..<4).map { try open(&ledger, a, $0) }
        ledger.settle(tickets[0], receipt())
        let first = ledger.beginSave()
        #expect(first?.settled.count == 1)
        ledger.settle(tickets[1], receipt())
        ledger.settle(tickets[2], receipt())
        let second = ledger.beginSave()
        #expect(second == nil, "there is one writer")
        ledger.endSave(succeeded: true)
        let saved = ledger.beginSave()
        let next = try #require(saved)
        #expect(next.settled.map(\.rawValue) == ["a1", "a2"])
        #expect(next.positions == [a: ScriptedExtent.Position(next: 3)])
    }

    @Test func aFailedSaveIsPartOfTheNext() throws {
        var ledger = Ledger()
        let tickets = try (0..<2).map { try open(&ledger, a, $0) }
        ledger.settle(tickets[0], receipt())
        _ = ledger.beginSave()
        ledger.settle(tickets[1], receipt())
        ledger.endSave(succeeded: false)
        let saved = ledger.beginSave()
        let advance = try #require(saved)
        #expect(advance.settled.map(\.rawValue) == ["a0", "a1"])
        #expect(advance.positions == [a: ScriptedExtent.Position(next: 2)], "the position does not go back to the failed save's")
    }

    @Test func settlingTwiceChangesNothing() throws {
        var ledger = Ledger()
        let ticket = try open(&ledger, a, 0)
        ledger.settle(ticket, receipt())
        _ = ledger.beginSave()
        ledger.endSave(succeeded: true)
        ledger.settle(ticket, receipt())
        let again = ledger.beginSave()
        #expect(again == nil)
        #expect(ledger.gauges == Ledger.Gauges())
    }

    @Test func anIDIsTakenUntilItIsSaved() throws {
        var ledger = Ledger()
        let ticket = try open(&ledger, a, 0)
        let whileOpen = isFree(&ledger, "a0")
        ledger.settle(ticket, receipt())
        let whileSettled = isFree(&ledger, "a0")
        _ = ledger.beginSave()
        ledger.endSave(succeeded: true)
        let onceSaved = isFree(&ledger, "a0")
        #expect([whileOpen, whileSettled, onceSaved] == [false, false, true])
    }

    @Test func gaugesShowWhatIsNotDurable() throws {
        var ledger = Ledger()
        let first = try open(&ledger, a, 0, bytes: 100, at: .seconds(1))
        let second = try open(&ledger, a, 1, bytes: 20, at: .seconds(2))
        let third = try open(&ledger, b, 0, bytes: 3, at: .seconds(3))
        #expect(ledger.gauges.bytesInFlight == 123)
        #expect(ledger.gauges.oldestOpen == .seconds(1))
        ledger.settle(second, receipt())
        #expect(ledger.gauges.bytesInFlight == 103)
        ledger.settle(first, receipt())
        #expect(ledger.gauges.oldestOpen == .seconds(3))
        #expect(ledger.gauges.openBatches == 1)
        ledger.settle(third, receipt())
        #expect(ledger.gauges == Ledger.Gauges())
    }

    /// Any order of settling and saving: each lane's saved position is the end of its longest settled prefix, never goes back,
    /// and every id is released exactly once.
    @Test(arguments: UInt64(0)..<200)
    func randomOrders(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var ledger = Ledger()
        let lanes = (0..<Int.random(in: 1...4, using: &generator)).map { Lane("l\($0)") }
        let count = Int.random(in: 1...30, using: &generator)
        var tickets = try lanes.flatMap { lane in try (0..<count).map { try open(&ledger, lane, $0) } }.shuffled(using: &generator)
        var settled: [Lane: Set<Int>] = [:]
        var saved: [Lane: Int] = [:]
        var released: [BatchID] = []
        while !tickets.isEmpty || ledger.gauges.openBatches > 0 || released.count < lanes.count * count {
            if let ticket = tickets.popLast() {
                ledger.settle(ticket, receipt())
                settled[ticket.lane, default: []].insert(ticket.number)
            }
            guard tickets.isEmpty || Bool.random(using: &generator), let advance = ledger.beginSave() else { continue }
            let succeeds = tickets.isEmpty || Bool.random(using: &generator)
            ledger.endSave(succeeded: succeeds)
            guard succeeds else { continue }
            for (lane, position) in advance.positions {
                #expect(position.next > saved[lane, default: 0])
                #expect((0..<position.next).allSatisfy { settled[lane, default: []].contains($0) })
                saved[lane] = position.next
            }
            released += advance.settled
        }
        #expect(Set(released).count == released.count)
        #expect(saved == Dictionary(uniqueKeysWithValues: lanes.map { ($0, count) }))
    }
}
