import ClickHouse
import NIOCore
import PipeCore
import PipeTesting
import QueryEndpoints
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(5))) struct ResultCacheTests {
    private struct Broken: Error {}

    private static func key(_ number: Int = 0) -> CacheKey {
        CacheKey(endpoint: "e", version: number, answerVersion: 2, roles: ["r"], parameters: [:], format: "JSON")
    }

    private static func answer(_ text: String) -> CachedAnswer {
        CachedAnswer(contentType: "text/plain", body: ByteBuffer(string: text))
    }

    private static func settled(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test func aResultIsUsedUntilItsTimeIsUp() async throws {
        let clock = ManualClock()
        let cache = ResultCache(clock: clock)
        let made = Watched(0)
        func call() async -> CachedResult? {
            await cache.answer(Self.key(), seconds: 10) {
                Self.answer("result \(made.update { $0 += 1; return $0 })")
            }
        }
        #expect(cache.result(Self.key()) == nil)
        let first = try #require(await call())
        #expect(!first.isHit)
        clock.advance(by: .milliseconds(9_999))
        let second = try #require(await call())
        #expect(second.isHit)
        #expect(second.age == 9)
        #expect(second.seconds == 10)
        #expect(second.etag == first.etag)
        #expect(cache.result(Self.key()) == second)
        clock.advance(by: .milliseconds(1))
        let third = try #require(await call())
        #expect(String(buffer: third.answer.body) == "result 2")
        #expect(third.etag != first.etag)
        let other = try #require(await cache.answer(Self.key(1), seconds: 10) { Self.answer("result 2") })
        #expect(other.etag != third.etag, "equal content under another key")
        let counts = cache.statistics
        #expect(counts.hits == 2)
        #expect(counts.misses == 3)
        #expect(counts.entries == 2)
    }

    @Test func equalCallsWaitForOne() async throws {
        let cache = ResultCache()
        let made = Watched(0)
        let gate = Watched(false)
        let results = try await withThrowingTaskGroup(of: CachedResult?.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await cache.answer(Self.key(), seconds: 60) {
                        made.update { $0 += 1 }
                        try await gate.wait { $0 }
                        return Self.answer("x")
                    }
                }
            }
            await Self.settled { cache.waiting(Self.key()) == 199 }
            gate.update { $0 = true }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(made.value == 1)
        #expect(results.count { $0?.isHit == false } == 1)
        #expect(Set(results.map { $0?.etag }).count == 1)
        #expect(cache.statistics.hits == 199)
    }

    @Test func whenTheFirstFailsTheOthersRunOnTheirOwn() async throws {
        let cache = ResultCache()
        let calls = Watched(0)
        let gate = Watched(false)
        let failures = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    do {
                        _ = try await cache.answer(Self.key(), seconds: 60) {
                            if calls.update({
                                $0 += 1; return $0
                            }) == 1 {
                                try await gate.wait { $0 }
                                throw Broken()
                            }
                            return Self.answer("x")
                        }
                        return false
                    } catch {
                        return error is Broken
                    }
                }
            }
            await Self.settled { cache.waiting(Self.key()) == 49 }
            gate.update { $0 = true }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(calls.value == 50)
        #expect(failures == 1)
        #expect(cache.waiting(Self.key()) == 0)
        // The failure itself was not kept; a result of the others was.
        #expect(cache.result(Self.key()) != nil)
    }

    @Test func aFailureIsNotKept() async throws {
        let cache = ResultCache()
        await #expect(throws: Broken.self) { _ = try await cache.answer(Self.key(), seconds: 60) { throw Broken() } }
        #expect(cache.result(Self.key()) == nil)
        #expect(await cache.answer(Self.key(), seconds: 60) { Self.answer("x") }?.isHit == false)
    }

    @Test func aCancelledLeaderHandsOver() async throws {
        let cache = ResultCache()
        let gate = Watched(false)
        let calls = Watched(0)
        @Sendable func call() async throws -> CachedResult? {
            try await cache.answer(Self.key(), seconds: 60) {
                calls.update { $0 += 1 }
                try await gate.wait { $0 }
                return Self.answer("x")
            }
        }
        try await withThrowingTaskGroup(of: CachedResult?.self) { others in
            await withTaskGroup(of: Bool.self) { first in
                first.addTask {
                    do {
                        _ = try await call()
                        return false
                    } catch {
                        return error is CancellationError
                    }
                }
                await Self.settled { calls.value == 1 }
                for _ in 0..<20 { others.addTask { try await call() } }
                await Self.settled { cache.waiting(Self.key()) == 20 }
                first.cancelAll()
                #expect(await first.next() == true)
            }
            // One of them leads, the others still wait.
            await Self.settled { calls.value == 2 }
            #expect(cache.waiting(Self.key()) == 19)
            gate.update { $0 = true }
            let results = try await others.reduce(into: []) { $0.append($1) }
            #expect(results.allSatisfy { $0.map { String(buffer: $0.answer.body) } == "x" })
            #expect(calls.value == 2)
        }
    }

    @Test(arguments: [ClickHouseError(.cancelled, "gone") as any Error, CancellationError(), QueryFailure(499, "CANCELLED", "gone")])
    func aLeaderWhoseCallerLeftHandsOver(_ error: any Error) async throws {
        let cache = ResultCache()
        let calls = Watched(0)
        let gate = Watched(false)
        let results = await withTaskGroup(of: CachedResult?.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    do {
                        return try await cache.answer(Self.key(), seconds: 60) {
                            let call = calls.update {
                                $0 += 1
                                return $0
                            }
                            try await gate.wait { $0 }
                            if call == 1 { throw error }
                            return Self.answer("x")
                        }
                    } catch {
                        return nil
                    }
                }
            }
            await Self.settled { cache.waiting(Self.key()) == 9 }
            gate.update { $0 = true }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(calls.value == 2)
        #expect(results.count { $0 == nil } == 1)
    }

    @Test func whoHasWaitedLongEnoughRunsAlone() async throws {
        let clock = ManualClock()
        let cache = ResultCache(clock: clock)
        let gate = Watched(false)
        try await withThrowingTaskGroup(of: CachedResult?.self) { leader in
            leader.addTask {
                try await cache.answer(Self.key(), seconds: 60) {
                    try await gate.wait { $0 }
                    return Self.answer("slow")
                }
            }
            await Self.settled { cache.statistics.misses == 1 }
            try await withThrowingTaskGroup(of: CachedResult?.self) { waiter in
                waiter.addTask { await cache.answer(Self.key(), seconds: 60, patience: .seconds(5)) { Self.answer("own") } }
                try await clock.untilSomebodySleeps()
                await Self.settled { cache.waiting(Self.key()) == 1 }
                clock.advance(by: .seconds(5))
                let own = try await waiter.next() ?? nil
                #expect(own.map { String(buffer: $0.answer.body) } == "own")
                #expect(own?.isHit == false)
            }
            #expect(cache.waiting(Self.key()) == 0)
            gate.update { $0 = true }
            let slow = try await leader.next() ?? nil
            #expect(slow.map { String(buffer: $0.answer.body) } == "slow")
        }
    }

    @Test func patienceIsNotNeededWhenTheResultComes() async throws {
        let clock = ManualClock()
        let cache = ResultCache(clock: clock)
        let gate = Watched(false)
        let results = try await withThrowingTaskGroup(of: CachedResult?.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    try await cache.answer(Self.key(), seconds: 60, patience: .seconds(5)) {
                        try await gate.wait { $0 }
                        return Self.answer("x")
                    }
                }
            }
            await Self.settled { cache.waiting(Self.key()) == 9 }
            gate.update { $0 = true }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.count { $0?.isHit == true } == 9)
    }

    @Test func aCancelledWaiterLeaves() async throws {
        let cache = ResultCache()
        let gate = Watched(false)
        try await withThrowingTaskGroup(of: CachedResult?.self) { leader in
            leader.addTask {
                try await cache.answer(Self.key(), seconds: 60) {
                    try await gate.wait { $0 }
                    return Self.answer("x")
                }
            }
            await Self.settled { cache.statistics.misses == 1 }
            await withTaskGroup(of: Bool.self) { waiter in
                waiter.addTask {
                    do {
                        _ = try await cache.answer(Self.key(), seconds: 60) {
                            try Task.checkCancellation()
                            return Self.answer("never")
                        }
                        return false
                    } catch {
                        return error is CancellationError
                    }
                }
                await Self.settled { cache.waiting(Self.key()) == 1 }
                waiter.cancelAll()
                #expect(await waiter.next() == true)
            }
            #expect(cache.waiting(Self.key()) == 0)
            gate.update { $0 = true }
            let led = try await leader.next()
            #expect(led != nil)
        }
    }

    @Test func whatIsTooLargeIsStreamedByEachAndRemembered() async throws {
        let clock = ManualClock()
        let cache = ResultCache(.init(bytes: 1 << 20, entryBytes: 100), clock: clock)
        let gate = Watched(false)
        let calls = Watched(0)
        let results = try await withThrowingTaskGroup(of: CachedResult?.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    try await cache.answer(Self.key(), seconds: 30) {
                        if calls.update({
                            $0 += 1; return $0
                        }) == 1 {
                            try await gate.wait { $0 }
                        }
                        return nil
                    }
                }
            }
            await Self.settled { cache.waiting(Self.key()) == 9 }
            gate.update { $0 = true }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results.allSatisfy { $0 == nil })
        #expect(calls.value == 10)
        // Nobody waits for anybody while it is known.
        let second = Watched(false)
        try await withThrowingTaskGroup(of: CachedResult?.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    try await cache.answer(Self.key(), seconds: 30) {
                        calls.update { $0 += 1 }
                        try await second.wait { $0 }
                        return nil
                    }
                }
            }
            await Self.settled { calls.value == 13 }
            second.update { $0 = true }
            for try await result in group { #expect(result == nil) }
        }
        clock.advance(by: .seconds(30))
        #expect(await cache.answer(Self.key(), seconds: 30) { Self.answer("small") }?.isHit == false)
        #expect(cache.result(Self.key()) != nil)
        // An answer over the bound that was handed in all the same goes to its caller and is not kept.
        let large = await cache.answer(Self.key(1), seconds: 30) { Self.answer(String(repeating: "x", count: 101)) }
        #expect(large?.answer.body.readableBytes == 101)
        #expect(cache.result(Self.key(1)) == nil)
    }

    /// Many tasks, few keys, a small store; failures, oversized results and cancellation by lot: everyone gets the result of their own
    /// key, and nobody waits for ever.
    @Test func racesEndWell() async throws {
        let cache = ResultCache(.init(bytes: 8_000, entryBytes: 2_000))
        let hits = Watched(0)
        let wrong = Watched(0)
        await withTaskGroup(of: Void.self) { group in
            for seed in 0..<64 {
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(seed))
                    for _ in 0..<400 {
                        let number = Int.random(in: 0...7, using: &random)
                        let fate = Int.random(in: 0...19, using: &random)
                        await withTaskGroup(of: Void.self) { one in
                            one.addTask {
                                do {
                                    let result = try await cache.answer(Self.key(number), seconds: fate == 3 ? 0 : 60) {
                                        await Task.yield()
                                        if fate == 0 { throw Broken() }
                                        try Task.checkCancellation()
                                        return fate == 1 ? nil : Self.answer("\(number)")
                                    }
                                    guard let result else { return }
                                    if String(buffer: result.answer.body) != "\(number)" { wrong.update { $0 += 1 } }
                                    if result.isHit { hits.update { $0 += 1 } }
                                } catch {
                                    // Broken or cancelled, as drawn.
                                }
                            }
                            if fate == 2 { one.cancelAll() }
                        }
                    }
                }
            }
        }
        #expect(wrong.value == 0)
        #expect(hits.value > 0)
        for number in 0...7 { #expect(cache.waiting(Self.key(number)) == 0) }
        #expect(cache.statistics.bytes <= 8_000)
    }

    private static func call(_ country: String) -> CacheKey {
        CacheKey(
            endpoint: "1ff2a3c4-0000-4000-8000-000000000001", version: 3, answerVersion: 2, roles: ["sql_console_read_only"],
            parameters: ["year": "2010", "country": country], format: "JSONEachRow", settings: ["max_threads": "4"])
    }
}
