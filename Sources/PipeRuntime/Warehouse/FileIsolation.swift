internal import ClickHouse
internal import PipeCore

/// Finds the files of a batch that cannot be loaded, so that the others can.
struct FileIsolation {
    let service: ClickHouseService
    let load: RemoteLoad
    let projection: RowProjection
    let settings: [String: String]

    /// Files read at the same time while looking for bad ones.
    static let width = 8

    /// The files to leave out after `error` ended a load of `objects`. Empty when no file is at fault by itself. Throws when
    /// the trouble is not with single files: the store is down, denies everything, or ClickHouse is unavailable.
    func badFiles(among objects: [RemoteObject], after error: ClickHouseError) async throws -> [LoadNote.Exclusion] {
        let trouble = error.loadTrouble
        guard [.data, .missing, .denied].contains(trouble) else { throw error.pipeError(during: "loading \(objects.count) file(s)") }
        var bad: [LoadNote.Exclusion] = []
        var denied: [LoadNote.Exclusion] = []
        var missing: [LoadNote.Exclusion] = []
        for (object, error) in try await failures(of: objects) {
            switch error.loadTrouble {
            case .data: bad.append(exclusion(of: object, because: error))
            case .missing: missing.append(exclusion(of: object, because: error))
            case .denied: denied.append(exclusion(of: object, because: error))
            case .storeUnreachable, .warehouse: throw error.pipeError(during: "checking \(object.key)")
            }
        }
        // One object may be closed to us; all of them means that the credentials are wrong.
        if !denied.isEmpty, denied.count == objects.count { throw error.pipeError(during: "loading \(objects.count) file(s)") }
        // A store says "not found" for a vanished object and for a vanished bucket; a listing tells which.
        if !missing.isEmpty, missing.count == objects.count { try await list() }
        return (bad + denied + missing).sorted { $0.object.key < $1.object.key }
    }

    private func failures(of objects: [RemoteObject]) async throws -> [(RemoteObject, ClickHouseError)] {
        let reads = RemoteRead.reads(of: objects, in: load, structure: projection.structure, oneByOne: true)
        return try await withThrowingTaskGroup(of: (RemoteObject, ClickHouseError)?.self) { group in
            var next = 0
            var failures: [(RemoteObject, ClickHouseError)] = []
            func addNext() {
                guard next < reads.count else { return }
                let read = reads[next]
                next += 1
                group.addTask {
                    guard var error = try await failure(of: read) else { return nil }
                    if error.loadTrouble == .data {
                        // Half a file, because a connection broke, looks like a bad one. So a file is bad only when it is twice.
                        guard let second = try await failure(of: read) else { return nil }
                        error = second
                    }
                    return (read.objects[0], error)
                }
            }
            for _ in 0..<Self.width { addNext() }
            while let result = try await group.next() {
                if let result { failures.append(result) }
                addNext()
            }
            return failures
        }
    }

    /// What keeps the server from reading an object as the load would.
    private func failure(of read: RemoteRead) async throws -> ClickHouseError? {
        do throws(ClickHouseError) {
            try await service.client.execute(
                "SELECT \(projection.selectList) FROM \(read.source) FORMAT Null", parameters: read.parameters, settings: settings)
            return nil
        } catch {
            try Task.checkCancellation()
            return error
        }
    }

    private func list() async throws {
        let read = RemoteRead.listing(of: load)
        do {
            try await service.client.execute(
                "SELECT count() FROM \(read.source)", parameters: read.parameters,
                settings: settings.merging(["s3_throw_on_zero_files_match": "0", "azure_throw_on_zero_files_match": "0"]) { $1 })
        } catch {
            try Task.checkCancellation()
            throw error.pipeError(during: "listing the bucket")
        }
    }

    private func exclusion(of object: RemoteObject, because error: ClickHouseError) -> LoadNote.Exclusion {
        let code: PipeError.Code =
            switch error.loadTrouble {
            case .missing: .sourceMissing
            case .denied: .sourceDenied
            default: .dataParsing
            }
        return LoadNote.Exclusion(object: object, code: code.rawValue, reason: error.shortMessage, row: error.namedRow)
    }
}
