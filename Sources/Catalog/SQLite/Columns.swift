internal import FoundationEssentials
internal import GRDB
internal import PipeCore

/// A row being read: typed columns, and errors that name the column instead of the value.
struct Columns {
    let table: String
    let row: Row

    func value<Value: DatabaseValueConvertible>(_ column: String) throws(CatalogError) -> Value {
        guard let value: Value = try optional(column) else { throw damaged(column) }
        return value
    }

    func optional<Value: DatabaseValueConvertible>(_ column: String) throws(CatalogError) -> Value? {
        let stored: DatabaseValue = row[column]
        if stored.isNull { return nil }
        guard let value = Value.fromDatabaseValue(stored) else { throw damaged(column) }
        return value
    }

    func date(_ column: String) throws(CatalogError) -> Date { Milliseconds.date(try value(column)) }

    func optionalDate(_ column: String) throws(CatalogError) -> Date? {
        let milliseconds: Int64? = try optional(column)
        return milliseconds.map(Milliseconds.date)
    }

    func json<Value: Decodable>(_ column: String) throws(CatalogError) -> Value {
        guard let value: Value = try optionalJSON(column) else { throw damaged(column) }
        return value
    }

    func optionalJSON<Value: Decodable>(_ column: String) throws(CatalogError) -> Value? {
        guard let text: String = try optional(column) else { return nil }
        do {
            return try JSONText.decode(Value.self, from: text)
        } catch {
            throw damaged(column)
        }
    }

    func word<Value: RawRepresentable<String>>(_ column: String) throws(CatalogError) -> Value {
        guard let value = Value(rawValue: try value(column)) else { throw damaged(column) }
        return value
    }

    private func damaged(_ column: String) -> CatalogError {
        CatalogError(.damaged, "Column \(column) of table \(table) holds a value that this build does not understand")
    }
}

/// Times as they are stored: whole milliseconds since 1970.
enum Milliseconds {
    /// Finer parts are cut off, as they are in the API's timestamps. A `Date` is a binary fraction and may lie a hair below the
    /// millisecond it was made from; the thousandth added keeps that millisecond.
    static func since1970(_ date: Date) -> Int64 { Int64((date.timeIntervalSince1970 * 1000 + 0.001).rounded(.down)) }

    static func date(_ milliseconds: Int64) -> Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }
}
