internal import ClickHouse
internal import PipeCore

/// The rows of JSONEachRow that the server cannot read: one request for which, a bounded number for why.
struct JSONFaults: Sendable {
    let rows: EncodedRows
    let layout: RowLayout
    let statements: RowStatements

    /// Rows that are sent alone to hear what is wrong with them; others have the reason of one that fails in the same fields.
    static let mostMessages = 64

    func faults(among chosen: [Int]) async throws -> [Int: RowFault] {
        let sound = try await numbers(
            "SELECT \(field) FROM data WHERE \(field) BETWEEN 1 AND \(rows.rowCount) FORMAT RowBinary",
            structure: "\(field) UInt32, \(statements.projection.structure)", chosen, width: 4
        ) { Int($0.little(UInt32.self)) - 1 }
        let known = Set(sound)
        return try await reasons(for: chosen.filter { !known.contains($0) })
    }

    private var field: String { NumberedLines.field }

    private func numbers<Element>(
        _ sql: String, structure: String, _ chosen: [Int], width: Int, _ read: (ArraySlice<UInt8>) -> Element
    ) async throws -> [Element] {
        var settings = statements.parserSettings
        settings["input_format_allow_errors_ratio"] = "1"
        // Pieces for parallel parsing are cut by counting brackets, which broken rows lead astray.
        settings["input_format_parallel_parsing"] = "0"
        let answer = try await statements.client.query(
            Statement(sql, settings: settings),
            over: ExternalTable(format: rows.format, structure: structure, rows: NumberedLines.encode(rows, chosen, layout: layout)),
            maxBytes: (chosen.count + 1) * width)
        return stride(from: 0, to: answer.bytes.count - width + 1, by: width).map { read(answer.bytes[$0..<$0 + width]) }
    }

    private func reasons(for bad: [Int]) async throws -> [Int: RowFault] {
        if bad.count <= Self.mostMessages { return try await alone(bad) }
        let groups = try await groups(of: bad)
        let each = max(1, Self.mostMessages / groups.count)
        var result: [Int: RowFault] = [:]
        // Rows of a kind that failed for no reason of their own are taken for sound: the insert will tell.
        for group in groups.prefix(Self.mostMessages) {
            let told = try await alone(Array(group.prefix(each)))
            result.merge(told) { $1 }
            guard let (first, fault) = told.min(by: { $0.key < $1.key }) else { continue }
            for row in group.dropFirst(each) {
                var like = fault
                like.reason = "like \(name(first)): \(fault.reason)"
                result[row] = like
            }
        }
        for row in groups.dropFirst(Self.mostMessages).joined() {
            result[row] = RowFault(code: .dataParsing, reason: "ClickHouse cannot read this row with the types it is mapped to")
        }
        return result
    }

    private func name(_ row: Int) -> String {
        layout.locator(of: row).sorted { $0.key > $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    private func alone(_ rows: [Int]) async throws -> [Int: RowFault] {
        try await withThrowingTaskGroup(of: (Int, RowFault?).self) { group in
            var next = rows.makeIterator()
            func add() {
                guard let row = next.next() else { return }
                group.addTask { (row, try await statements.complaint(about: self.rows.keeping([row])).map(RowFault.init(reading:))) }
            }
            for _ in 0..<4 { add() }
            var faults: [Int: RowFault] = [:]
            while let (row, fault) = try await group.next() {
                if let fault { faults[row] = fault }
                add()
            }
            return faults
        }
    }

    /// Rows that fail alike: those that are no JSON, and others by the fields whose text does not look like their type.
    private func groups(of bad: [Int]) async throws -> [[Int]] {
        let fields = statements.projection.fields.prefix(64)
        let flags = fields.enumerated().compactMap { index, field in
            Self.doubt(field).map { "bitShiftLeft(toUInt64(\($0)), \(index))" }
        }
        let mask = flags.isEmpty ? "toUInt64(0)" : flags.joined(separator: " + ")
        let structure = fields.map { "\(Identifier.quoted($0.name)) Nullable(String)" }.joined(separator: ", ")
        let masks: [(Int, UInt64)]
        do {
            masks = try await numbers(
                "SELECT \(field), \(mask) FROM data WHERE \(field) BETWEEN 1 AND \(rows.rowCount) FORMAT RowBinary",
                structure: "\(field) UInt32, \(structure)", bad, width: 12
            ) { (Int($0.prefix(4).little(UInt32.self)) - 1, $0.dropFirst(4).little(UInt64.self)) }
        } catch let error as ClickHouseError where error.disposition != .retryable {
            // A type this has no test for: the rows are one group.
            return [bad]
        }
        let maskOf = Dictionary(masks) { first, _ in first }
        return Dictionary(grouping: bad) { maskOf[$0] }.values.sorted { $0[0] < $1[0] }
    }

    /// SQL that is 1 where the JSON text of a field is probably no value of its type; nil where only the parser can tell.
    private static func doubt(_ field: RowProjection.Field) -> String? {
        let name = Identifier.quoted(field.name)
        let type = NestedFields.bare(field.type)
        func begins(_ character: String) -> String { "ifNull(NOT startsWith(\(name), '\(character)'), 0)" }
        if type.hasPrefix("Array(") { return begins("[") }
        if ["Tuple(", "Map(", "JSON"].contains(where: { type.hasPrefix($0) }) { return begins("{") }
        if type.hasPrefix("DateTime") { return "isNotNull(\(name)) AND isNull(parseDateTime64BestEffortOrNull(\(name)))" }
        guard ["UInt", "Int", "Float", "Decimal", "Date", "UUID", "IPv"].contains(where: { type.hasPrefix($0) }) else { return nil }
        return "isNotNull(\(name)) AND isNull(accurateCastOrNull(\(name), \(Literal.string(type))))"
    }
}

extension ArraySlice<UInt8> {
    /// An integer in little-endian order.
    fileprivate func little<Value: FixedWidthInteger>(_ type: Value.Type) -> Value {
        reversed().reduce(0) { $0 << 8 | Value($1) }
    }
}
