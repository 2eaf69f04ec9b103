internal import PipeCore

/// The virtual columns of one pipe, ready to be written into each row.
struct AddedFields: Sendable {
    private struct Field: Sendable {
        var column: MessageColumn
        /// As a name in JSON: `"__penstock_offset":`.
        var json: [UInt8]
    }

    let columns: [VirtualColumn]
    private let fields: [Field]

    init(_ columns: [VirtualColumn]) {
        let known = columns.compactMap { column in MessageColumn(column).map { (column, $0) } }
        self.columns = known.map(\.0)
        fields = known.map { Field(column: $0.1, json: Array("\"\($0.0.fieldName)\":".utf8)) }
    }

    var isEmpty: Bool { fields.isEmpty }

    /// Fields of an Avro record, in the order of ``appendAvro(_:_:to:)``.
    var avro: [String] { zip(fields, columns).map { $0.column.avroField($1.fieldName) } }

    /// `"name":value` for each, with commas between them.
    /// - Parameter value: the message's, without compression.
    func appendJSON(_ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        for index in fields.indices {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: fields[index].json)
            switch fields[index].column {
            case .key: JSONBytes.append(string: message.key ?? UnsafeRawBufferPointer(start: nil, count: 0), to: &bytes)
            // A number without quotes is a DateTime64 in units of its own scale, whatever the time zone.
            case .timestamp: bytes.append(decimal: message.timestamp ?? 0)
            case .partition: bytes.append(decimal: Int64(message.partition))
            case .offset: bytes.append(decimal: message.offset)
            case .topic: JSONBytes.append(string: message.topic, to: &bytes)
            case .headerKeys: appendJSON(message.headers, keys: true, to: &bytes)
            case .headerValues: appendJSON(message.headers, keys: false, to: &bytes)
            case .rawMessage: JSONBytes.append(string: value, to: &bytes)
            }
        }
    }

    private func appendJSON(_ headers: KafkaMessage.Headers, keys: Bool, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "["))
        var isFirst = true
        headers.forEach { name, value in
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            JSONBytes.append(string: keys ? name : value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// The values as the fields of an Avro record follow each other.
    func appendAvro(_ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        for index in fields.indices {
            switch fields[index].column {
            case .key: bytes.append(avroBytes: message.key ?? UnsafeRawBufferPointer(start: nil, count: 0))
            case .timestamp: bytes.append(zigzag: message.timestamp ?? 0)
            case .partition: bytes.append(zigzag: Int64(message.partition))
            case .offset: bytes.append(zigzag: message.offset)
            case .topic:
                var topic = message.topic
                topic.withUTF8 { bytes.append(avroBytes: UnsafeRawBufferPointer($0)) }
            case .headerKeys: appendAvro(message.headers, keys: true, to: &bytes)
            case .headerValues: appendAvro(message.headers, keys: false, to: &bytes)
            case .rawMessage: bytes.append(avroBytes: value)
            }
        }
    }

    private func appendAvro(_ headers: KafkaMessage.Headers, keys: Bool, to bytes: inout [UInt8]) {
        var count: Int64 = 0
        headers.forEach { _, _ in count += 1 }
        if count > 0 {
            bytes.append(zigzag: count)
            headers.forEach { name, value in bytes.append(avroBytes: keys ? name : value) }
        }
        bytes.append(0)
    }
}
