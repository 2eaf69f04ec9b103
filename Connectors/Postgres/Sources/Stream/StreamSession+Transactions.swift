import PipeCore

/// Transactions that the server sends before they commit.
extension StreamSession {
    /// Keeps a message of a piece; false for messages that end it.
    func spool(_ wire: UnsafeRawBufferPointer, _ payload: Int) throws -> Bool {
        guard payload + 5 <= wire.count, let streamed, "RYIUDTM".utf8.contains(wire[payload]) else { return false }
        var reader = WireReader(wire, from: payload + 1)
        let part = try reader.integer(UInt32.self)
        guard let spool = spools[streamed] else { return true }
        spool.append(kind: wire[payload], UnsafeRawBufferPointer(rebasing: wire[(payload + 5)...]), part: part)
        // A piece is as large as the server's logical_decoding_work_mem.
        if spool.count > run.context.memory / 8 { try spool.spill() }
        return true
    }

    func spillIfNeeded() throws {
        while spools.values.reduce(0, { $0 + $1.bytesInMemory }) > run.context.memory / 4,
            let largest = spools.values.max(by: { $0.bytesInMemory < $1.bytesInMemory })
        {
            try largest.spill()
            largest.shrink()
        }
    }

    func unspool(_ transaction: UInt32, _ commit: PgOutputMessage.Commit) async throws {
        let begin = PgOutputMessage.Begin(commit: commit.position, time: commit.time, transaction: transaction)
        if let reason = cutBefore(.begin(begin)) { try await flush(reason) }
        try assembler.begin(begin)
        if let spool = spools.removeValue(forKey: transaction) {
            var reader = try spool.reader(limit: 1 << 20)
            while let messages = try reader.next() { try await process(messages, without: spool.aborted) }
        }
        if let reason = cutBefore(.commit(commit)) { try await flush(reason) }
        assembler.commit(commit)
        try await committed()
    }

    func process(_ messages: SpooledMessages, without aborted: Set<UInt32>) async throws {
        try await stayAlive()
        var index = 0
        while index < messages.places.count {
            let outcome = try messages.bytes.withUnsafeBytes { bytes in
                var plain = PgOutputDecoder()
                while index < messages.places.count {
                    let (part, range) = messages.places[index]
                    let wire = UnsafeRawBufferPointer(rebasing: bytes[range])
                    // A relation is announced once, and holds for what follows also when the part that needed it first was rolled back.
                    if !aborted.isEmpty, aborted.contains(part), wire.first != UInt8(ascii: "R") {
                        index += 1
                        continue
                    }
                    let message = try plain.decode(wire).message
                    if let reason = cutBefore(message) { return Outcome.cut(reason) }
                    let step = try assembler.consume(message, in: wire)
                    index += 1
                    if case .goOn = step {
                        if assembler.wantsFilling { return .holes }
                        continue
                    }
                    return .step(step)
                }
                return .done
            }
            try await handle(outcome)
        }
    }
}
