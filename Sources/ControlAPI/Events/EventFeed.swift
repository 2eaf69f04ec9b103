package import PipeCore

/// What one listener has been told, and what is news to it.
package struct EventFeed: Sendable {
    /// Everything a listener may see at one time.
    package struct View: Sendable {
        package init() {}

        /// By id, each without its sample.
        package var pipes: [String: JSONValue] = [:]
        package var samples: [String: JSONValue] = [:]
        /// By id.
        package var services: [String: JSONValue] = [:]
        /// Calls of query endpoints since the start of the process, by id.
        package var calls: [String: Int] = [:]
        /// The newest entry of the audit log since the listener came.
        package var newestActivity: String?
    }

    package init() {}

    private var told = View()
    /// Pipes whose counters had changed at the last look. They are told once more, so that a rate is seen to end.
    private var moving: Set<String> = []
    private var isFirst = true

    /// What has changed since the last call; everything at the first.
    package mutating func events(_ view: View) -> [ServerSentEvent] {
        defer {
            told = view
            isFirst = false
        }
        var events: [ServerSentEvent] = []
        let services = view.services.filter { told.services[$0.key] != $0.value }
        let gone = Self.missing(told.services, in: view.services)
        if isFirst || !services.isEmpty || gone != [] {
            events.append(ServerSentEvent(type: "services", data: ["services": Self.sorted(services), "removed": gone]))
        }

        let moved = Set(view.samples.keys.filter { Self.counters(told.samples[$0]) != Self.counters(view.samples[$0]) })
        let changed = view.pipes.filter { told.pipes[$0.key] != $0.value || moved.contains($0.key) || moving.contains($0.key) }
        moving = moved
        let removed = Self.missing(told.pipes, in: view.pipes)
        if isFirst || !changed.isEmpty || removed != [] {
            let pipes = changed.reduce(into: [String: JSONValue]()) { result, pipe in
                var document = pipe.value
                document["sample"] = view.samples[pipe.key]
                result[pipe.key] = document
            }
            events.append(
                ServerSentEvent(
                    type: "pipes",
                    data: ["all": .bool(isFirst), "pipes": Self.sorted(pipes), "removed": removed]))
        }
        let calls = view.calls.filter { told.calls[$0.key] != $0.value }
        if !calls.isEmpty {
            events.append(ServerSentEvent(type: "calls", data: ["endpoints": .object(calls.mapValues { .integer(Int64($0)) })]))
        }
        if let newest = view.newestActivity, newest != told.newestActivity {
            events.append(ServerSentEvent(type: "activity", data: ["newest": .string(newest)]))
        }
        return events
    }

    /// A sample without its time, which always changes.
    private static func counters(_ sample: JSONValue?) -> JSONValue? {
        var sample = sample
        sample?["time"] = nil
        return sample
    }

    /// Ids that were told and are not there any more.
    private static func missing(_ told: [String: JSONValue], in view: [String: JSONValue]) -> JSONValue {
        .array(told.keys.filter { view[$0] == nil }.sorted().map(JSONValue.string))
    }

    private static func sorted(_ documents: [String: JSONValue]) -> JSONValue {
        .array(documents.sorted { $0.key < $1.key }.map(\.value))
    }
}
