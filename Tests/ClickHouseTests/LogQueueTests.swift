import ClickHouse
import Testing

@Suite struct LogQueueTests {
    @Test func dropsTheOldestAndCountsThem() {
        var queue = LogQueue<Int>()
        let kept = (0..<5).map { queue.append($0, capacity: 3) }
        #expect(kept == [true, true, true, false, false])
        #expect(queue.count == 3)
        let batch = queue.take(10, token: "a")
        #expect(batch?.rows == [2, 3, 4])
        #expect(batch?.dropped == 2)
        #expect(queue.isEmpty && queue.take(10, token: "b") == nil)
    }

    @Test func batchesAreLimited() {
        var queue = LogQueue<Int>()
        for number in 0..<5 { _ = queue.append(number, capacity: 10) }
        #expect(queue.take(2, token: "a")?.rows == [0, 1])
        #expect(queue.take(2, token: "b")?.rows == [2, 3])
        #expect(queue.take(2, token: "c")?.rows == [4])
        #expect(queue.isEmpty)
    }

    @Test func aBatchComesBackAsTheSameBatch() throws {
        var queue = LogQueue<Int>()
        for number in 0..<3 { _ = queue.append(number, capacity: 10) }
        let taken = queue.take(2, token: "a")
        let batch = try #require(taken)
        _ = queue.append(9, capacity: 10)
        queue.putBack(batch)
        #expect(!queue.isEmpty)
        let second = queue.take(10, token: "b")
        let again = try #require(second)
        #expect(again.rows == [0, 1] && again.token == "a")
        let third = queue.take(10, token: "c")
        let rest = try #require(third)
        #expect(rest.rows == [2, 9] && rest.token == "c" && rest.dropped == 0)
    }

    @Test func memoryStaysBoundedWhileNobodyTakes() {
        var queue = LogQueue<Int>()
        for number in 0..<10_007 { _ = queue.append(number, capacity: 100) }
        #expect(queue.count == 100)
        let batch = queue.take(1000, token: "a")
        #expect(batch?.rows == Array(9_907..<10_007))
        #expect(batch?.dropped == 9_907)
    }
}
