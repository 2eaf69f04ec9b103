/// How messages of one Protobuf type become records of Avro, worked out once for a schema.
///
/// Fields stand in the record in the order of their declaration. Absent means zero where the schema says so, null where a field has
/// presence; a message within a message is always a record, so that ClickHouse reads `a.b` of it, and is all zeros when absent.
final class ProtoPlan: Sendable {
    typealias Fault = ProtoFile.Fault

    enum Content: Sendable, Hashable {
        case scalar(ProtoFile.Scalar)
        case enumeration(Int)
        /// A place in ``records``.
        case record(Int)
        /// `google.protobuf.Timestamp`, in microseconds.
        case timestamp
        /// One of Google's wrappers of scalars.
        case wrapper(ProtoFile.Scalar)
        /// A message that may contain itself, and Google's `Struct`: JSON text. The place is one of ``ProtoSchema/messages``.
        case json(Int)
        /// A message without fields: whether it is there.
        case presence
    }

    struct Field: Sendable {
        var name: String
        var number: Int
        var label: ProtoFile.Label
        var content: Content
        var mapKey: ProtoFile.Scalar?

        /// A union with null.
        var isNullable: Bool {
            if label == .repeated { return false }
            switch content {
            case .scalar, .enumeration: return label == .explicit
            case .timestamp, .wrapper, .json: return true
            case .record, .presence: return false
            }
        }
    }

    struct Record: Sendable {
        var message: Int
        var fields: [Field] = []
        var places = FieldPlaces()
        /// What stands for an absent one.
        var zero: [UInt8] = []
    }

    let schema: ProtoSchema
    let records: [Record]
    /// For each enum, the places of its symbols by their numbers.
    let symbols: [FieldPlaces]
    /// JSON of the fields of the top-level record; no record of Avro contains itself.
    let avroSchema: [UInt8]

    private static let largestZero = 1 << 20

    init(_ schema: ProtoSchema, root: Int) throws(Fault) {
        self.schema = schema
        var building = Building(schema: schema)
        _ = try building.record(root)
        records = building.records
        symbols = schema.enums.map { FieldPlaces($0.numbers) }
        var writing = SchemaWriting(schema: schema, records: records)
        avroSchema = Array(writing.record(0).utf8)
    }

    private struct Building {
        let schema: ProtoSchema
        var records: [Record] = []
        private var known: [Int: Int] = [:]
        private var reach: [Int: Set<Int>] = [:]

        init(schema: ProtoSchema) { self.schema = schema }

        mutating func record(_ message: Int) throws(Fault) -> Int {
            if let place = known[message] { return place }
            let place = records.count
            known[message] = place
            records.append(Record(message: message))
            var fields: [Field] = []
            for field in schema.messages[message].fields {
                fields.append(
                    Field(
                        name: field.name, number: field.number, label: field.label, content: try content(field.value, in: message),
                        mapKey: field.mapKey))
            }
            records[place].fields = fields
            records[place].places = FieldPlaces(fields.map(\.number))
            let zero = zero(of: fields)
            guard zero.count <= ProtoPlan.largestZero else {
                throw Fault(description: "\(schema.messages[message].name) has too many messages within messages")
            }
            records[place].zero = zero
            return place
        }

        private mutating func content(_ value: ProtoSchema.Value, in message: Int) throws(Fault) -> Content {
            switch value {
            case .scalar(let scalar): return .scalar(scalar)
            case .enumeration(let place): return .enumeration(place)
            case .message(let inner):
                let name = schema.messages[inner].name
                if name == "google.protobuf.Timestamp" { return .timestamp }
                if name.hasPrefix("google.protobuf."), name.hasSuffix("Value"), schema.messages[inner].fields.count == 1,
                    case .scalar(let scalar) = schema.messages[inner].fields[0].value
                {
                    return .wrapper(scalar)
                }
                if reachable(from: inner).contains(message) || reachable(from: inner).contains(inner) { return .json(inner) }
                if ["google.protobuf.Struct", "google.protobuf.Value", "google.protobuf.ListValue"].contains(name) { return .json(inner) }
                if schema.messages[inner].fields.isEmpty { return .presence }
                return .record(try record(inner))
            }
        }

        /// Messages within a message, at any depth.
        private mutating func reachable(from message: Int) -> Set<Int> {
            if let known = reach[message] { return known }
            var found: Set<Int> = []
            var waiting = [message]
            while let next = waiting.popLast() {
                for field in schema.messages[next].fields {
                    if case .message(let inner) = field.value, found.insert(inner).inserted { waiting.append(inner) }
                }
            }
            reach[message] = found
            return found
        }

        private func zero(of fields: [Field]) -> [UInt8] {
            fields.reduce(into: []) { bytes, field in
                if case .record(let place) = field.content, field.label != .repeated {
                    bytes += records[place].zero
                } else if field.isNullable || field.label == .repeated {
                    bytes.append(0)
                } else {
                    bytes += ProtoPlan.zero(field.content)
                }
            }
        }
    }

    /// The Avro bytes of the zero of a scalar or enum.
    static func zero(_ content: Content) -> [UInt8] {
        switch content {
        case .scalar(.float): return [0, 0, 0, 0]
        case .scalar(.double): return [0, 0, 0, 0, 0, 0, 0, 0]
        // That of an enum is its first symbol, which has the place 0.
        default: return [0]
        }
    }

    /// The places of fields by their numbers.
    struct FieldPlaces: Sendable {
        /// By number, -1 for none.
        private var low: [Int16] = []
        private var high: [Int: Int] = [:]

        init() {}

        init(_ numbers: [Int]) {
            low = Array(repeating: -1, count: max(0, min((numbers.max() ?? 0) + 1, 1024)))
            for (place, number) in numbers.enumerated() {
                if number >= 0, number < low.count, place < Int(Int16.max) { low[number] = Int16(place) } else { high[number] = place }
            }
        }

        @inline(__always)
        func place(_ number: Int) -> Int? {
            if number >= 0, number < low.count, low[number] >= 0 { return Int(low[number]) }
            return high.isEmpty ? nil : high[number]
        }
    }

    private struct SchemaWriting {
        let schema: ProtoSchema
        let records: [Record]
        private var written: Set<String> = []

        init(schema: ProtoSchema, records: [Record]) {
            self.schema = schema
            self.records = records
        }

        mutating func record(_ place: Int) -> String {
            let name = schema.messages[records[place].message].name
            if !written.insert(name).inserted { return "\"\(name)\"" }
            var fields: [String] = []
            for field in records[place].fields {
                var type = type(field.content)
                if field.mapKey != nil {
                    type = #"{"type":"map","values":\#(type)}"#
                } else if field.label == .repeated {
                    type = #"{"type":"array","items":\#(type)}"#
                } else if field.isNullable {
                    type = #"["null",\#(type)]"#
                }
                fields.append(#"{"name":"\#(field.name)","type":\#(type)}"#)
            }
            return #"{"type":"record","name":"\#(name)","fields":[\#(fields.joined(separator: ","))]}"#
        }

        private mutating func type(_ content: Content) -> String {
            switch content {
            case .scalar(let scalar), .wrapper(let scalar): return ProtoPlan.avroType(scalar)
            case .enumeration(let place):
                let name = schema.enums[place].name
                if !written.insert(name).inserted { return "\"\(name)\"" }
                let symbols = schema.enums[place].symbols.map { "\"\($0)\"" }.joined(separator: ",")
                return #"{"type":"enum","name":"\#(name)","symbols":[\#(symbols)]}"#
            case .record(let place): return record(place)
            case .timestamp: return #"{"type":"long","logicalType":"timestamp-micros"}"#
            case .json: return #""string""#
            case .presence: return #""boolean""#
            }
        }
    }

    private static func avroType(_ scalar: ProtoFile.Scalar) -> String {
        switch scalar {
        case .double: #""double""#
        case .float: #""float""#
        case .int32, .sint32, .sfixed32: #""int""#
        // ClickHouse makes a UInt64 of a long bit by bit.
        case .int64, .sint64, .sfixed64, .uint32, .fixed32, .uint64, .fixed64: #""long""#
        case .bool: #""boolean""#
        case .string: #""string""#
        case .bytes: #""bytes""#
        }
    }
}

extension ProtoFile.Enumeration {
    /// Without aliases, in the order of their declaration.
    private var distinct: [Value] {
        var seen: Set<Int32> = []
        return values.filter { seen.insert($0.number).inserted }
    }

    var symbols: [String] { distinct.map(\.name) }
    /// Of ``symbols``.
    var numbers: [Int] { distinct.map { Int($0.number) } }
}
