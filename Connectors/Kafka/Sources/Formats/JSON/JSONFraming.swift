package import PipeCore

/// JSON objects, one a message, as lines of `JSONEachRow`.
package struct JSONFraming: MessageFraming {
    package var options: FramingOptions
    /// Messages may carry the header of a schema registry (a zero byte and the id of a JSON schema), which is left out.
    package var dropsSchemaHeader: Bool

    package init(options: FramingOptions, dropsSchemaHeader: Bool = false) {
        self.options = options
        self.dropsSchemaHeader = dropsSchemaHeader
    }

    package func makeFramer() -> JSONFramer { JSONFramer(options: options, dropsSchemaHeader: dropsSchemaHeader) }
    package func resolve(_ need: Never) async throws {}
}

package struct JSONFramer: PayloadFramer {
    package typealias Need = Never

    package var reader: PayloadReader
    package private(set) var rows: RowCollector
    private let added: AddedFields
    private let dropsSchemaHeader: Bool

    init(options: FramingOptions, dropsSchemaHeader: Bool) {
        reader = PayloadReader(largestMessage: options.largestMessage)
        rows = RowCollector(options)
        added = AddedFields(options.columns)
        self.dropsSchemaHeader = dropsSchemaHeader
    }

    package mutating func append(_ message: borrowing KafkaMessage, _ value: UnsafeRawBufferPointer) -> FramingOutcome<Never> {
        var text = value
        if dropsSchemaHeader, text.count >= 5, text[0] == 0 { text = UnsafeRawBufferPointer(rebasing: text[5...]) }
        let shape: JSONObjectShape
        do throws(JSONObjectShape.Fault) { shape = try JSONObjectShape(text) } catch {
            return .rejected(message.rejection(error.description))
        }
        let start = rows.bytes.count
        if !added.isEmpty {
            rows.bytes.append(UInt8(ascii: "{"))
            added.appendJSON(message, text, to: &rows.bytes)
            if !shape.isEmpty { rows.bytes.append(UInt8(ascii: ",")) }
        }
        let length = added.isEmpty ? 0 : rows.bytes.count - start - 1
        let rest = UnsafeRawBufferPointer(rebasing: text[(shape.range.lowerBound + (added.isEmpty ? 0 : 1))..<shape.range.upperBound])
        if shape.hasLineBreaks {
            JSONBytes.append(onOneLine: rest, to: &rows.bytes)
        } else {
            rows.bytes.append(contentsOf: rest)
        }
        rows.bytes.append(UInt8(ascii: "\n"))
        rows.row(of: message, from: start, added: length, hasAdditions: !added.isEmpty)
        return .appended
    }

    package mutating func finish() -> EncodedRows {
        rows.finish(format: "JSONEachRow", added: added.columns, place: added.isEmpty ? nil : .behindFirstByte)
    }
}
