import NIOCore
import PipeTesting
import QueryEndpoints
import Testing

@Suite struct ResultStoreTests {
    private func key(_ number: Int) -> CacheKey {
        CacheKey(endpoint: "e", version: number, answerVersion: 2, roles: [], parameters: [:], format: "JSON")
    }

    private func entry(bytes: Int, at time: Duration = .zero, seconds: Int = 60) -> ResultStore.Entry {
        ResultStore.Entry(
            content: .answer(CachedAnswer(contentType: nil, body: ByteBuffer(repeating: 1, count: bytes)), etag: "\"x\""), storedAt: time,
            seconds: seconds)
    }

    @Test func theLeastRecentlyUsedGoesFirst() {
        var store = ResultStore(maxBytes: 3 * (10_000 + 600))
        for number in 1...3 { store.insert(entry(bytes: 10_000), for: key(number)) }
        #expect(store.count == 3)
        #expect(store.entry(key(1), at: .zero) != nil)
        store.insert(entry(bytes: 10_000), for: key(4))
        #expect(store.entry(key(2), at: .zero) == nil)
        for number in [1, 3, 4] { #expect(store.entry(key(number), at: .zero) != nil, "\(number)") }
        #expect(store.evictions == 1)
    }

    @Test func timeIsUpAtTheEndOfTheLastSecond() {
        var store = ResultStore(maxBytes: 1 << 20)
        store.insert(entry(bytes: 1, at: .seconds(10), seconds: 5), for: key(1))
        #expect(store.entry(key(1), at: .milliseconds(14_999)) != nil)
        #expect(store.entry(key(1), at: .seconds(15)) == nil)
        #expect(store.count == 0)
        #expect(store.bytes == 0)
    }

    @Test func anEntryLargerThanTheStoreIsNotKeptAndRemovesItsElder() {
        var store = ResultStore(maxBytes: 2_000)
        store.insert(entry(bytes: 10), for: key(1))
        store.insert(entry(bytes: 3_000), for: key(1))
        #expect(store.entry(key(1), at: .zero) == nil)
        #expect(store.bytes == 0)
        var nothing = ResultStore(maxBytes: 0)
        nothing.insert(entry(bytes: 0), for: key(1))
        #expect(nothing.count == 0)
    }

    @Test func randomWorkAgreesWithASimpleModel() {
        var random = SeededGenerator(seed: 4)
        var store = ResultStore(maxBytes: 40_000)
        // Keys from least to most recently used, with the bytes of their entries.
        var model: [(number: Int, bytes: Int, storedAt: Int, seconds: Int)] = []
        func cost(_ bytes: Int) -> Int { bytes + ResultStore.overhead + key(0).size }
        for now in 0..<20_000 {
            let number = Int.random(in: 1...9, using: &random)
            let place = model.firstIndex { $0.number == number }
            if Bool.random(using: &random) {
                let bytes = Int.random(in: 0...9_000, using: &random)
                let seconds = Int.random(in: 1...30, using: &random)
                if let place { model.remove(at: place) }
                model.append((number, bytes, now, seconds))
                while model.reduce(0, { $0 + cost($1.bytes) }) > 40_000 { model.removeFirst() }
                store.insert(entry(bytes: bytes, at: .seconds(now), seconds: seconds), for: key(number))
            } else {
                let found = store.entry(key(number), at: .seconds(now))
                if let place {
                    let old = model.remove(at: place)
                    if now - old.storedAt < old.seconds { model.append(old) }
                    #expect((found != nil) == (now - old.storedAt < old.seconds))
                } else {
                    #expect(found == nil)
                }
            }
            #expect(store.count == model.count)
            #expect(store.bytes == model.reduce(0) { $0 + cost($1.bytes) })
        }
        #expect(store.evictions > 100)
    }
}
