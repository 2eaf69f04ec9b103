internal import FoundationEssentials
internal import PipeCore

/// Reads the policies and actors of a role request.
struct PolicyReader: Sendable {
    let organizationID: String

    /// The stored form of checked policies: with ids. Throws ``InvalidConfiguration`` for permissions and resources that
    /// are not known or do not go together.
    func policies(_ given: [JSONValue], role: String) throws -> JSONValue {
        var problems: [Problem] = []
        let result = given.enumerated().map { index, policy -> JSONValue in
            let path = FieldPath("policies")[index]
            let permissions = (policy["permissions"]?.array ?? []).compactMap(\.string)
            for (index, permission) in permissions.enumerated() where !Self.isKnown(permission) {
                problems.append(
                    Problem(
                        path["permissions"][index],
                        "is not a permission; there are: \(Permission.allCases.map(\.rawValue).joined(separator: ", "))"))
            }
            let services = Set(permissions.map { !Self.isOfOrganization($0) })
            if services.count > 1 {
                problems.append(Problem(path["permissions"], "must all be of the organization or all of services; use two policies"))
            }
            for (index, resource) in (policy["resources"]?.array ?? []).compactMap(\.string).enumerated() {
                if let reason = objection(to: resource, ofOrganization: services == [false]) {
                    problems.append(Problem(path["resources"][index], reason))
                }
            }
            var stored = policy
            stored["id"] = .string(UUID().uuidString.lowercased())
            stored["roleId"] = .string(role)
            stored["tenantId"] = .string("organization/\(organizationID)")
            return stored
        }
        try InvalidConfiguration.check(problems)
        return .array(result)
    }

    /// The keys named by `actors`, and the other actors. Throws ``InvalidConfiguration`` for text that names no actor.
    func actors(_ given: [String], keys known: Set<String>) throws -> (keys: Set<String>, others: [String]) {
        var problems: [Problem] = []
        var keys: Set<String> = []
        var others: [String] = []
        for (index, actor) in given.enumerated() {
            let path = FieldPath("actors")[index]
            if actor.hasPrefix("apiKey/") {
                let id = actor.dropFirst("apiKey/".count).lowercased()
                if known.contains(id) { keys.insert(id) } else { problems.append(Problem(path, "is not a key of this organization")) }
            } else if actor.hasPrefix("user/"), actor.count > "user/".count {
                others.append(actor)
            } else {
                problems.append(Problem(path, "must be apiKey/<id> or user/<id>"))
            }
        }
        try InvalidConfiguration.check(problems)
        return (keys, others)
    }

    private func objection(to resource: String, ofOrganization: Bool) -> String? {
        guard let reach = PermissionSet.Resource(text: resource) else {
            return "must be organization/*, organization/<id>, instance/* or instance/<id>"
        }
        if reach == .organization {
            return ["organization/*", "organization/\(organizationID)"].contains(resource.lowercased())
                ? nil : "is another organization"
        }
        return ofOrganization ? "must be organization/* or organization/<id> for permissions of the organization" : nil
    }

    private static func isKnown(_ text: String) -> Bool {
        Permission(rawValue: text) != nil || Permission.withoutEffect.contains(text)
    }

    private static func isOfOrganization(_ text: String) -> Bool {
        text.hasPrefix("control-plane:organization:") || text.hasPrefix("control-plane:support:")
    }
}
