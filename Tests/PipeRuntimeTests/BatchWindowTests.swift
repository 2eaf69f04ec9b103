import PipeCore
import PipeRuntime
import PipeTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct BatchWindowTests {
    private typealias Window = BatchWindow<Int>

    /// Waits until the window shows what is asked for; the tasks under test run meanwhile.
    private func until(_ window: Window, _ condition: (Window.Gauges) -> Bool) async throws {
        while !condition(window.gauges) {
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    @Test func sendersWaitForRoomInOrder() async throws {
        let window = Window(capacity: 10)
        try await window.send(1, weight: 6)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await window.send(2, weight: 6) }
            try await until(window) { $0.waitingSenders == 1 }
            // Light enough to fit, but it came later.
            group.addTask { try await window.send(3, weight: 1) }
            try await until(window) { $0.waitingSenders == 2 }
            #expect(try await window.next() == 1)
            #expect(window.gauges.weight == 6, "taking an element frees nothing")
            #expect(window.gauges.waitingSenders == 2)
            window.release(weight: 6)
            try await group.waitForAll()
        }
        #expect(window.gauges.weight == 7)
        #expect(try await window.next() == 2)
        #expect(try await window.next() == 3)
    }

    @Test func anOversizeElementPassesAlone() async throws {
        let window = Window(capacity: 10)
        try await window.send(1, weight: 100)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await window.send(2, weight: 100) }
            try await until(window) { $0.waitingSenders == 1 }
            #expect(try await window.next() == 1)
            #expect(window.gauges.waitingSenders == 1)
            window.release(weight: 100)
            try await group.waitForAll()
        }
        #expect(window.gauges.weight == 100)
    }

    @Test func aCancelledSenderLeavesNothingAndFreesTheWay() async throws {
        let window = Window(capacity: 10)
        try await window.send(1, weight: 6)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let heavy = StoppableTask()
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    try await heavy.run { try await window.send(2, weight: 9) }
                }
            }
            try await until(window) { $0.waitingSenders == 1 }
            group.addTask { try await window.send(3, weight: 4) }
            try await until(window) { $0.waitingSenders == 2 }
            heavy.stop()
            try await group.waitForAll()
        }
        #expect(window.gauges == Window.Gauges(weight: 10, queued: 2, taken: 0, waitingSenders: 0, waitingConsumers: 0))
        window.finish()
        #expect(try await window.next() == 1)
        #expect(try await window.next() == 3)
        #expect(try await window.next() == nil)
    }

    @Test func aCancelledConsumerTakesNothing() async throws {
        let window = Window(capacity: 10)
        let consumer = StoppableTask()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await consumer.run { _ = try await window.next() } }
            }
            try await until(window) { $0.waitingConsumers == 1 }
            consumer.stop()
            try await group.waitForAll()
        }
        try await window.send(1, weight: 1)
        #expect(try await window.next() == 1)
    }

    @Test func theLimitOfTakenElementsIsLive() async throws {
        let limit = Mutex(1)
        let window = Window(capacity: 10) { limit.withLock { $0 } }
        for element in 1...3 { try await window.send(element, weight: 1) }
        #expect(try await window.next() == 1)
        try await withThrowingTaskGroup(of: Int?.self) { group in
            group.addTask { try await window.next() }
            try await until(window) { $0.waitingConsumers == 1 }
            limit.withLock { $0 = 2 }
            window.limitChanged()
            #expect(try await group.next() == 2)
            group.addTask { try await window.next() }
            try await until(window) { $0.waitingConsumers == 1 }
            window.release(weight: 1)
            #expect(try await group.next() == 3)
        }
    }

    @Test func finishingDrainsAndRefuses() async throws {
        let window = Window(capacity: 10)
        try await window.send(1, weight: 10)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await #expect(throws: CancellationError.self) { try await window.send(2, weight: 10) } }
            try await until(window) { $0.waitingSenders == 1 }
            window.finish()
            try await group.waitForAll()
        }
        await #expect(throws: CancellationError.self) { try await window.send(3, weight: 1) }
        #expect(try await window.next() == 1)
        #expect(try await window.next() == nil)
        #expect(try await window.next() == nil)
    }

    @Test func failingReachesEverybody() async throws {
        struct Trouble: Error {}
        let window = Window(capacity: 10)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await #expect(throws: Trouble.self) { _ = try await window.next() } }
            try await until(window) { $0.waitingConsumers == 1 }
            window.fail(Trouble())
            try await group.waitForAll()
        }
        await #expect(throws: Trouble.self) { try await window.send(1, weight: 1) }
        await #expect(throws: Trouble.self) { _ = try await window.next() }
    }

    @Test func manySendersAndConsumersLoseNothing() async throws {
        let window = Window(capacity: 20)
        let taken = Watched<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while let element = try await window.next() {
                        #expect(window.gauges.weight <= 20)
                        taken.update { $0.append(element) }
                        window.release(weight: element % 7 + 1)
                    }
                }
            }
            group.addTask {
                try await withThrowingTaskGroup(of: Void.self) { senders in
                    for sender in 0..<8 {
                        senders.addTask {
                            for number in 0..<500 {
                                let element = sender * 500 + number
                                try await window.send(element, weight: element % 7 + 1)
                            }
                        }
                    }
                    try await senders.waitForAll()
                }
                window.finish()
            }
            try await group.waitForAll()
        }
        #expect(taken.value.sorted() == Array(0..<4000))
        #expect(window.gauges.weight == 0)
    }
}
