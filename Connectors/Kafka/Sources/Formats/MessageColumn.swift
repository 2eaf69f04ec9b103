internal import PipeCore

/// A virtual column of Kafka: something of the message beside the fields of its value.
enum MessageColumn: Hashable, Sendable, CaseIterable {
    case key, timestamp, partition, offset, topic, headerKeys, headerValues, rawMessage

    init?(_ column: VirtualColumn) {
        guard let known = Self.allCases.first(where: { $0.name == column.name }) else { return nil }
        self = known
    }

    var name: String {
        switch self {
        case .key: "_key"
        case .timestamp: "_timestamp"
        case .partition: "_partition"
        case .offset: "_offset"
        case .topic: "_topic"
        case .headerKeys: "_header_keys"
        case .headerValues: "_header_values"
        case .rawMessage: "_raw_message"
        }
    }

    /// The field of an Avro record that carries it. Texts are `bytes`, so that any byte arrives; ClickHouse reads both as String.
    func avroField(_ name: String) -> String {
        let type =
            switch self {
            case .key, .topic, .rawMessage: #""bytes""#
            case .timestamp: #"{"type":"long","logicalType":"timestamp-millis"}"#
            case .partition: #""int""#
            case .offset: #""long""#
            case .headerKeys, .headerValues: #"{"type":"array","items":"bytes"}"#
            }
        return #"{"name":"\#(name)","type":\#(type)}"#
    }
}
