package import PipeCore

/// One message of a `text/event-stream` (WHATWG HTML, section 9.2).
package struct ServerSentEvent: Sendable, Hashable {
    package var type: String
    package var data: JSONValue

    package init(type: String, data: JSONValue) {
        self.type = type
        self.data = data
    }

    /// Nil when the data cannot be encoded, which finite numbers cannot cause.
    package var text: String? {
        guard let json = try? JSONText.encode(data) else { return nil }
        // JSON has no line breaks, which would end the field.
        return "event: \(type)\ndata: \(String(decoding: json, as: UTF8.self))\n\n"
    }

    /// A line that says nothing: shows that the connection lives.
    static let heartbeat = ": \n\n"
}
