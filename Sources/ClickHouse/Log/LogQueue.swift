/// The bounded queue of rows of one place. Pure.
///
/// What is taken is a batch with a token. A batch that was not written comes back as the same batch, so that one that arrived after
/// all is not written twice. Memory: `capacity` waiting rows and one batch, each twice at most.
package struct LogQueue<Row: Sendable>: Sendable {
    package struct Batch: Sendable {
        package var rows: [Row]
        /// Rows that were dropped before the first of these.
        package var dropped: Int
        /// Deduplication token.
        package var token: String
    }

    private var returned: Batch?
    /// Rows before `first` are gone.
    private var rows: [Row] = []
    private var first = 0
    private var dropped = 0

    package init() {}

    /// Rows that wait and were never taken.
    package var count: Int { rows.count - first }
    /// The same with the batch that came back.
    package var total: Int { count + (returned?.rows.count ?? 0) }
    package var isEmpty: Bool { total == 0 }

    /// The oldest row makes room. False when one had to go.
    package mutating func append(_ row: Row, capacity: Int) -> Bool {
        rows.append(row)
        guard count > capacity else { return true }
        first += 1
        dropped += 1
        // The space of the dropped is given back from time to time: in the mean this costs the same for any capacity.
        if first >= capacity {
            rows.removeFirst(first)
            first = 0
        }
        return false
    }

    /// The batch that came back, or the oldest rows, at most `limit`; nil when there are none.
    package mutating func take(_ limit: Int, token: @autoclosure () -> String) -> Batch? {
        if let batch = returned {
            returned = nil
            return batch
        }
        let end = min(rows.count, first + limit)
        guard first < end else { return nil }
        let batch = Batch(rows: Array(rows[first..<end]), dropped: dropped, token: token())
        dropped = 0
        first = end
        if first == rows.count {
            rows = []
            first = 0
        }
        return batch
    }

    package mutating func putBack(_ batch: Batch) { returned = batch }
}
