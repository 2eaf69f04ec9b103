import Synchronization

/// Work that several take from.
final class WorkList: Sendable {
    private let rest: Mutex<ArraySlice<Int>>
    init(_ work: [Int]) { rest = Mutex(work[...]) }
    func next() -> Int? { rest.withLock { $0.popFirst() } }
}
