/// The answer of a small query, as text.
package struct PostgresRows: Sendable {
    package var columns: [String]
    package var rows: [[String?]]

    package init(columns: [String] = [], rows: [[String?]] = []) {
        self.columns = columns
        self.rows = rows
    }

    /// The first column of the first row.
    package var scalar: String? { rows.first?.first ?? nil }

    /// The value of a column of the first row.
    package func first(_ column: String) -> String? {
        guard let index = columns.firstIndex(of: column), let row = rows.first else { return nil }
        return row[index]
    }
}
