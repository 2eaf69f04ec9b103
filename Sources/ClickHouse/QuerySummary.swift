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
        self.init(queryID: queryID)
        // Cut at the quotes, the pieces are: `{`, name, `:`, number, `,`, name, …
        var pieces = (header ?? "").utf8.split(separator: UInt8(ascii: "\""), omittingEmptySubsequences: false).dropFirst()
        while pieces.count >= 3, let name = pieces.popFirst(), pieces.popFirst() != nil, let text = pieces.popFirst() {
            _ = pieces.popFirst()
            guard let number = Int(Substring(text)) else { continue }
            if name.elementsEqual("read_rows".utf8) {
                readRows = number
            } else if name.elementsEqual("read_bytes".utf8) {
                readBytes = number
            } else if name.elementsEqual("written_rows".utf8) {
                writtenRows = number
            } else if name.elementsEqual("written_bytes".utf8) {
                writtenBytes = number
            } else if name.elementsEqual("result_rows".utf8) {
                resultRows = number
            } else if name.elementsEqual("elapsed_ns".utf8) {
                elapsed = .nanoseconds(number)
            }
        }
    }
}
