public import PipeCore
private import Synchronization

/// Rows `first..<next` of a lane.
public struct ScriptedExtent: SourceExtent {
    public struct Position: SourcePosition {
        /// Number of the first row that was not delivered.
        public var next: Int
        public init(next: Int) { self.next = next }
    }

    public var first: Int
    public var next: Int

    public init(first: Int, next: Int) {
        self.first = first
        self.next = next
    }

    public var end: Position { Position(next: next) }
}

/// A source that plays a ``Script``: each lane in a child task of its own.
public struct ScriptedSource: Source {
    public typealias Extent = ScriptedExtent
    private let script: Script

    public init(_ script: Script) { self.script = script }

    public func read(from checkpoint: Checkpoint<ScriptedExtent>, into output: some BatchOutput<ScriptedExtent>) async throws {
        script.readBegan()
        defer { script.readEnded() }
        let lanes = Set(script.current.rows.keys).union(checkpoint.positions.keys).union(checkpoint.pending.map(\.lane))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in lanes { group.addTask { try await read(lane, from: checkpoint, into: output) } }
            try await group.waitForAll()
        }
    }

    public func acknowledge(_ position: ScriptedExtent.Position, in lane: Lane) async throws {
        script.acknowledge(position.next, in: lane)
    }

    private func read(_ lane: Lane, from checkpoint: Checkpoint<ScriptedExtent>, into output: some BatchOutput<ScriptedExtent>)
        async throws
    {
        var first = checkpoint.positions[lane]?.next ?? 0
        for pending in checkpoint.pending where pending.lane == lane {
            try await output.emit(batch(pending.extent, in: lane, .replay))
            first = max(first, pending.extent.next)
        }
        while true {
            if script.current.failures.isEmpty {
                await output.alive(lag: SourceLag(items: script.current.rows[lane, default: 0] - first, bytes: 0))
            }
            guard let next = try await script.nextBatch(in: lane, from: first) else { return }
            try await output.emit(batch(ScriptedExtent(first: first, next: next), in: lane, .rows))
            first = next
        }
    }

    private func batch(_ extent: ScriptedExtent, in lane: Lane, _ reason: FlushReason) -> Batch<ScriptedExtent> {
        let text = (extent.first..<extent.next).map { Script.line(lane, $0) + "\n" }.joined()
        let rows = EncodedRows(bytes: Array(text.utf8), rowCount: extent.next - extent.first, format: "JSONEachRow")
        return Batch(
            id: BatchID("\(lane):\(extent.first)-\(extent.next)"), lane: lane, extent: extent, payload: .rows(rows), reason: reason)
    }
}

/// Makes scripted pipes out of documents: a script is found by its name.
public struct ScriptedConfiguration: RunnableSource {
    public var script: String

    private static let scripts = Mutex<[String: Script]>([:])

    /// Names a script for the rest of the process.
    public init(_ script: Script, named name: String) {
        self.script = name
        Self.scripts.withLock { $0[name] = script }
    }

    public static let kind = "scripted"
    public static let family = PipeFamily.streaming
    public static let schema = ObjectSchema("ScriptedSource", fields: [Field("script", .text, "Name of the script.", .required)])
    public static let virtualColumns: [VirtualColumn] = []

    public func problems() -> [Problem] { [] }

    public func probe(_ context: ProbeContext) async -> [Finding] { [] }

    public func makeSource(_ context: SourceContext) throws -> ScriptedSource {
        guard let script = Self.scripts.withLock({ $0[self.script] }) else {
            throw PipeError(.sourceMissing, .user, side: .source, "there is no script '\(self.script)'")
        }
        return ScriptedSource(script)
    }

    public func sample(_ context: ProbeContext) async throws -> SchemaSample {
        .rows(EncodedRows(bytes: Array("{\"lane\":\"a\",\"n\":0}\n".utf8), rowCount: 1, format: "JSONEachRow"))
    }
}
