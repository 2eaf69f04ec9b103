internal import PipeCore

/// One message of a `text/event-stream` (WHATWG HTML, section 9.2).
struct ServerSentEvent: Sendable, Hashable {
    var type: String
    var data: JSONValue

    /// Nil when the data cannot be encoded, which finite numbers cannot cause.
    var text: String? {
        guard let json = try? JSONText.encode(data) else { return nil }
        // JSON has no line breaks, which would end the field.
        return "event: \(type)\ndata: \(String(decoding: json, as: UTF8.self))\n\n"
    }

    /// A line that says nothing: shows that the connection lives.
    static let heartbeat = ": \n\n"
}
