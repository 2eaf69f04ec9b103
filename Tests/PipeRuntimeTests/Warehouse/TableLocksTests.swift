import ClickHouse
import PipeRuntime
import Synchronization
import Testing

@Suite struct TableLocksTests {
    private let table = TableName("default", "t")

    /// How many are inside, and the most there ever were.
    private final class Room: Sendable {
        private let state = Mutex((now: 0, most: 0, total: 0))
        var most: Int { state.withLock { $0.most } }
        var total: Int { state.withLock { $0.total } }
        func enter() {
            state.withLock { state in
                state.now += 1
                state.most = max(state.most, state.now)
                state.total += 1
            }
        }
        func leave() { state.withLock { $0.now -= 1 } }
    }

    @Test func oneHolderAtATime() async throws {
        let (locks, room, table) = (TableLocks(), Room(), self.table)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await locks.holding(table) {
                        room.enter()
                        await Task.yield()
                        room.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(room.most == 1)
        #expect(room.total == 200)
    }

    @Test func differentTablesDoNotWait() async throws {
        let locks = TableLocks()
        let reached = try await locks.holding(table) { try await locks.holding(TableName("default", "u")) { true } }
        #expect(reached)
    }

    @Test func aCancelledWaiterLeavesAndTheNextGetsItsTurn() async throws {
        let (locks, table) = (TableLocks(), self.table)
        try await locks.holding(table) {
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    do {
                        return try await locks.holding(table) { false }
                    } catch {
                        return error is CancellationError
                    }
                }
                group.cancelAll()
                #expect(await group.next() == true)
            }
        }
        #expect(try await locks.holding(table) { true })
    }

    @Test func anErrorInsideReleases() async throws {
        struct Failure: Error {}
        let locks = TableLocks()
        await #expect(throws: Failure.self) { try await locks.holding(table) { throw Failure() } }
        #expect(try await locks.holding(table) { true })
    }
}
