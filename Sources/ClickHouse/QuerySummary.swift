/// What the server says about a finished statement (`X-ClickHouse-Summary`).
///
/// For a SELECT whose answer is streamed the header is written at the first byte, so its counts are those of that moment; they are final
/// for INSERT, DDL, and with the setting `wait_end_of_query=1`.
public struct QuerySummary: Sendable, Hashable {
    public var readRows: Int
    public var readBytes: Int
    /// Includes rows written by materialized views.
    public var writtenRows: Int
    public var writtenBytes: Int
    public var resultRows: Int
    public var elapsed: Duration
    public var queryID: String

    public init(
        readRows: Int = 0, readBytes: Int = 0, writtenRows: Int = 0, writtenBytes: Int = 0, resultRows: Int = 0,
        elapsed: Duration = .zero, queryID: String
    ) {
        self.readRows = readRows
        self.readBytes = readBytes
        self.writtenRows = writtenRows
        self.writtenBytes = writtenBytes
        self.resultRows = resultRows
        self.elapsed = elapsed
        self.queryID = queryID
    }

    /// - Parameter header: flat JSON whose values are all numbers in quotes; unknown or absent fields count as zero.
    package init(header: String?, queryID: String) {
        var numbers: [Substring: Int] = [:]
        // Cut at the quotes, the pieces are: `{`, name, `:`, number, `,`, name, …
        let pieces = (header ?? "").split(separator: "\"", omittingEmptySubsequences: false)
        for index in stride(from: 1, to: pieces.count - 2, by: 4) { numbers[pieces[index]] = Int(pieces[index + 2]) }
        self.init(
            readRows: numbers["read_rows"] ?? 0, readBytes: numbers["read_bytes"] ?? 0, writtenRows: numbers["written_rows"] ?? 0,
            writtenBytes: numbers["written_bytes"] ?? 0, resultRows: numbers["result_rows"] ?? 0,
            elapsed: .nanoseconds(numbers["elapsed_ns"] ?? 0), queryID: queryID)
    }
}
