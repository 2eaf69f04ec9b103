package import PipeCore

/// What has to be done so that a service has the endpoints of the files.
package struct EndpointPlan: Sendable {
    package enum Step: Sendable {
        case create(EndpointFile, body: JSONValue)
        /// - Parameter changes: the difference as text.
        case update(EndpointFile, id: String, body: JSONValue, changes: [String])
        case unchanged(EndpointFile)
        case delete(id: String, name: String)
    }

    package private(set) var steps: [Step] = []

    /// Reads what there is and compares. Endpoints are matched by the id in the file, else by name.
    ///
    /// - Parameters:
    ///   - prune: whether endpoints without a file are deleted.
    ///   - resendSecrets: whether endpoints with a secret count as changed; the API never shows one to compare with.
    /// - Throws: ``InvalidFiles`` for keys and endpoints that the files name and the service does not have.
    package init(_ files: [EndpointFile], on service: some EndpointService, prune: Bool, resendSecrets: Bool = false) async throws {
        let keys = try await service.keys()
        let present = try await service.endpoints()
        var problems: [FileProblem] = []
        var matched: Set<String> = []
        var wanted: [(file: EndpointFile, id: String?, body: JSONValue)] = []
        for file in files {
            let keyIDs = Self.resolve(file, keys, &problems)
            let id = Self.match(file, present, &problems)
            if let id, !matched.insert(id).inserted {
                problems.append(FileProblem(file.file, line: file.nameLine, "is the second file for the endpoint \(id)"))
            }
            wanted.append((file, id, Self.body(file, keyIDs)))
        }
        if !problems.isEmpty { throw InvalidFiles(problems: problems) }
        for (file, id, body) in wanted {
            guard let id else {
                steps.append(.create(file, body: body))
                continue
            }
            let old = EndpointDocument(try await service.endpoint(id))
            let new = EndpointDocument(body)
            let resends = resendSecrets && body["tokens"]?["secret"]?.string != nil
            guard old != new || resends else {
                steps.append(.unchanged(file))
                continue
            }
            let changes = UnifiedDiff.lines(
                from: old.lines(keyNames: keys), to: new.lines(keyNames: keys), oldName: "\(file.name) (running)", newName: file.file)
            steps.append(.update(file, id: id, body: body, changes: changes + (resends ? ["(tokens.secret is sent again)"] : [])))
        }
        guard prune else { return }
        for endpoint in present {
            guard let id = endpoint["id"]?.string, !matched.contains(id) else { continue }
            steps.append(.delete(id: id, name: endpoint["name"]?.string ?? id))
        }
    }

    package var hasChanges: Bool {
        steps.contains { step in
            if case .unchanged = step { return false }
            return true
        }
    }

    private static func resolve(_ file: EndpointFile, _ keys: [String: String], _ problems: inout [FileProblem]) -> [String] {
        file.apiKeys.compactMap { key in
            if keys[key.lowercased()] != nil { return key.lowercased() }
            let named = keys.filter { $0.value == key }.map(\.key).sorted()
            if named.count == 1 { return named[0] }
            let reason =
                named.isEmpty
                ? "there is no API key with the name or id '\(key)'"
                : "\(named.count) API keys have the name '\(key)'; give the id of one: \(named.joined(separator: ", "))"
            problems.append(FileProblem(file.file, line: file.apiKeysLine, reason))
            return nil
        }
    }

    private static func match(_ file: EndpointFile, _ present: [JSONValue], _ problems: inout [FileProblem]) -> String? {
        if let id = file.id {
            if present.contains(where: { $0["id"]?.string == id }) { return id }
            problems.append(
                FileProblem(file.file, line: file.idLine, "the service has no endpoint with the id \(id); leave it out to create one"))
            return nil
        }
        let named = present.filter { $0["name"]?.string == file.name }.compactMap { $0["id"]?.string }
        if named.count > 1 {
            problems.append(
                FileProblem(
                    file.file, line: file.nameLine,
                    "\(named.count) endpoints have the name '\(file.name)'; give the id of one: \(named.joined(separator: ", "))"))
        }
        return named.first
    }

    /// Everything is said, with nulls for what the file leaves out: the file is the whole truth.
    private static func body(_ file: EndpointFile, _ keyIDs: [String]) -> JSONValue {
        var body = file.settings
        for field in ["format", "cacheSeconds", "limits", "tokens"] where body[field] == nil { body[field] = JSONValue.null }
        body["apiKeys"] = nil
        body["id"] = nil
        body["apiKeyIds"] = .array(keyIDs.map(JSONValue.string))
        return body
    }
}
