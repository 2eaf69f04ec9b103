import PipeCore
import PostgresConnector
import Testing

struct CopyGateTests {
    @Test func aVoidWaitsForWhatIsOnItsWayAndLetsNothingMoreThrough() async throws {
        let (gate, table) = (CopyGate(), TableName("public", "t"))
        #expect(try await gate.pass(table) { !$0 })
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let (leave, leaving) = AsyncStream<Void>.makeStream()
        let order = Watched<[String]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await gate.pass(table) { isVoid in
                    #expect(!isVoid)
                    enter.finish()
                    for await _ in leave {}
                    order.update { $0.append("written") }
                }
            }
            for await _ in entered {}
            group.addTask {
                try await gate.void(table)
                order.update { $0.append("void") }
            }
            // The void is set before it waits.
            while try await gate.pass(table, { !$0 }) { await Task.yield() }
            leaving.finish()
            try await group.waitForAll()
        }
        #expect(order.value == ["written", "void"])
        #expect(try await gate.pass(TableName("public", "u")) { !$0 })
    }
}
