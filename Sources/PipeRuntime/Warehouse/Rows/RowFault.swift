internal import ClickHouse
internal import PipeCore

/// Why a row cannot be written.
struct RowFault: Sendable, Hashable {
    var code: PipeError.Code
    var reason: String
    /// `a.b` where the server names a field.
    var field = ""
    /// False when the row may be in the table already: a view refused it after the table had taken it.
    var isReplayable = true

    init(code: PipeError.Code, reason: String, field: String = "") {
        self.code = code
        self.reason = reason
        self.field = field
    }

    /// What the server said of one row while it read it.
    init(reading error: ClickHouseError) {
        field = error.namedField ?? ""
        reason = error.rowMessage
        // The framing of the row is broken, whichever field the reader was at.
        let isSyntax = [25, 26, 32, 33, 444, 1001, 1002].contains(error.code.rawValue)
        // JSON alone names the field in hand; other formats say nothing but the fault.
        let isValue = !field.isEmpty || !error.message.contains("JSONEachRow") && error.code.rawValue != 117 && error.code.rawValue != 27
        code =
            if error.isFaultOfSchema { .sourceSchema } else if isSyntax || !isValue { .dataParsing } else { .typeMismatch }
    }

    /// What the server said of one row when it came to the table or a view.
    init(writing error: ClickHouseError) {
        field = error.namedField ?? ""
        reason = error.rowMessage
        isReplayable = !error.message.contains("while pushing to view")
        code = .insertRejected
    }
}

extension ClickHouseError {
    /// Codes for which a row can be to blame (ClickHouse `ErrorCodes.cpp`): each was seen on 25.8 with a value that does not parse,
    /// does not fit, breaks a constraint, or on which an expression of the table or of a view fails. Codes that rather tell of a
    /// changed table (7, 8, 16, 20, 36, 44, 47, 60, 122) are not among them.
    static let rowCodes: Set<Int> = [
        6, 25, 26, 27, 32, 33, 34, 38, 41, 53, 69, 70, 72, 117, 128, 130, 131, 153, 190, 321, 349, 354, 376, 395, 407, 434, 435, 436, 441,
        442, 443, 444, 467, 469, 561, 632, 651, 652, 675, 676, 691,
    ]

    /// Whether single rows may be to blame, so that looking for them makes sense.
    var isFaultOfRows: Bool {
        let number = code.rawValue
        if Self.rowCodes.contains(number) || isFaultOfSchema { return true }
        return [1001, 1002].contains(number) && ["avro::", "parquet::", "arrow::"].contains { message.contains($0) }
    }

    /// Whether the schema of the rows does not fit the table: every row of the batch fails alike. Avro says so when it has read the
    /// header; Protobuf (437 to 440, and 434 for a schema that does not parse) when it looks at the schema.
    var isFaultOfSchema: Bool {
        message.contains("(while reading header)") || [434, 437, 438, 439, 440].contains(code.rawValue)
    }

    /// Whether it failed before the rows came to the table.
    var isFromReading: Bool {
        isFaultOfSchema || ["InputFormat", "(at row ", "avro::"].contains { message.contains($0) }
    }

    /// The number of the row in `(at row 2)` and `is violated at row 2`, from 1.
    var rowNumber: Int? {
        guard let opening = message.firstRange(of: "at row ") else { return nil }
        return Int(message[opening.upperBound...].prefix { $0.isNumber })
    }

    /// `a.b` of `(while reading the value of nested key b): (while reading the value of key a)`; `s` of Avro's `column s:`.
    var namedField: String? {
        var names: [String] = []
        for opening in message.ranges(of: "(while reading the value of ") {
            let rest = message[opening.upperBound...]
            guard let start = rest.firstRange(of: "key "), let end = rest[start.upperBound...].firstRange(of: "):") else { continue }
            names.insert(String(rest[start.upperBound..<end.lowerBound]), at: 0)
        }
        if names.isEmpty, let opening = message.firstRange(of: "column "), message.contains("(while reading header)") {
            let name = message[opening.upperBound...].prefix { $0 != ":" && !$0.isWhitespace }
            if !name.isEmpty { names = [String(name)] }
        }
        let name = names.joined(separator: ".")
        return name.isEmpty || name.hasPrefix("__penstock") ? nil : name
    }

    /// The server's sentence about one row, without the number that the row had in a probe.
    var rowMessage: String {
        var text = shortMessage
        for word in [": (at row ", "(at row "] {
            while let opening = text.firstRange(of: word) {
                guard let end = text[opening.upperBound...].firstIndex(of: ")") else { break }
                text.removeSubrange(opening.lowerBound...end)
            }
        }
        while let last = text.last, last == " " || last == ":" { text.removeLast() }
        return text
    }
}
