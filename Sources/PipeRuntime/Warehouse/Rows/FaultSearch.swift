/// Finds the rows of a batch that a probe refuses, by asking for pieces of it. Pure but for the probe.
///
/// A probe answers for the rows of a range together: nil when it takes them all. Its complaint may name the first row at fault; a
/// row may also be taken by itself and spoil the reading of those behind it (an Avro datum with bytes to spare), and is then found as
/// the last one with which the rows up to the complaint fail.
package struct FaultSearch<Complaint: Sendable>: Sendable {
    package typealias Probe = @Sendable (Range<Int>) async throws -> Complaint?

    private let probe: Probe
    /// The place of the row that a complaint names, from 0, in the rows it is about.
    private let place: @Sendable (Complaint) -> Int?

    package struct Fault: Sendable {
        package var row: Int
        package var complaint: Complaint
    }

    package init(probe: @escaping Probe, place: @escaping @Sendable (Complaint) -> Int?) {
        self.probe = probe
        self.place = place
    }

    /// Pieces searched at the same time.
    static var width: Int { 4 }

    /// The rows to leave out, ascending.
    package func faults(in rows: Range<Int>) async throws -> [Fault] {
        let piece = max(64, (rows.count + Self.width - 1) / Self.width)
        let starts = Array(stride(from: rows.lowerBound, to: rows.upperBound, by: piece))
        return try await withThrowingTaskGroup(of: [Fault].self) { group in
            for start in starts {
                group.addTask { try await search(start..<min(start + piece, rows.upperBound)) }
            }
            var found: [Fault] = []
            for try await faults in group { found += faults }
            return found.sorted { $0.row < $1.row }
        }
    }

    /// One piece in order. How much is asked for at a time follows the distance between faults: long stretches of good rows take one
    /// request, dense faults one request each.
    private func search(_ rows: Range<Int>) async throws -> [Fault] {
        var found: [Fault] = []
        var next = rows.lowerBound
        var size = rows.count
        while next < rows.upperBound {
            let end = min(next + size, rows.upperBound)
            guard let complaint = try await probe(next..<end) else {
                next = end
                size = min(size * 4, rows.count)
                continue
            }
            let fault: Fault
            if end - next == 1 {
                fault = Fault(row: next, complaint: complaint)
            } else {
                fault = try await self.fault(in: next..<end, complaint)
            }
            found.append(fault)
            size = max(1, min(2 * (fault.row - next), rows.count))
            next = fault.row + 1
        }
        return found
    }

    /// The first fault of rows that fail together.
    private func fault(in rows: Range<Int>, _ complaint: Complaint) async throws -> Fault {
        var suspect: Int
        if let place = place(complaint), (0..<rows.count).contains(place) {
            suspect = rows.lowerBound + place
        } else {
            suspect = try await endOfShortestFailure(in: rows)
        }
        if let alone = try await probe(suspect..<suspect + 1) { return Fault(row: suspect, complaint: alone) }
        // The row is sound: one before it spoils it. Or the number was not what it seemed.
        if try await probe(rows.lowerBound..<suspect + 1) == nil {
            suspect = try await endOfShortestFailure(in: rows)
            if let alone = try await probe(suspect..<suspect + 1) { return Fault(row: suspect, complaint: alone) }
        }
        var (low, high) = (rows.lowerBound, suspect)
        var last = complaint
        while high - low > 1 {
            let middle = (low + high) / 2
            if let complaint = try await probe(middle..<suspect + 1) {
                low = middle
                last = complaint
            } else {
                high = middle
            }
        }
        return Fault(row: low, complaint: last)
    }

    /// The last row of the shortest beginning that fails; all of `rows` do.
    private func endOfShortestFailure(in rows: Range<Int>) async throws -> Int {
        var (low, high) = (rows.lowerBound, rows.upperBound)
        // Rows up to `low` pass, up to `high` fail.
        while high - low > 1 {
            let middle = (low + high) / 2
            if try await probe(rows.lowerBound..<middle) == nil { low = middle } else { high = middle }
        }
        return high - 1
    }
}
