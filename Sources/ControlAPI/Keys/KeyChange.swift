internal import Catalog
internal import FoundationEssentials
internal import PipeCore

/// What a checked request body says about a key.
struct KeyChange: Sendable {
    var name: String?
    var isEnabled: Bool?
    /// Outer nil: untouched; inner nil: never.
    var expireAt: Date??
    var roles: [String]?
    var assignedRoleIDs: [String]?
    var ipAccessList: [IPAccessEntry]?

    var touchesRoles: Bool { roles != nil || assignedRoleIDs != nil }

    /// Reads a body that fits ``KeySchemas``. Throws ``InvalidConfiguration``.
    init(_ body: JSONValue) throws {
        var problems: [Problem] = []
        name = body["name"]?.string
        isEnabled = body["state"]?.string.map { $0 == "enabled" }
        roles = body["roles"]?.array?.compactMap(\.string)
        assignedRoleIDs = body["assignedRoleIds"]?.array?.compactMap { $0.string?.lowercased() }
        if let value = body["expireAt"] {
            let date = value.string.flatMap(WireDate.date)
            if !value.isNull, date == nil {
                problems.append(Problem("expireAt", "must be an RFC 3339 timestamp with a time zone, such as 2027-01-01T00:00:00Z"))
            }
            expireAt = .some(date)
        }
        if let list = body["ipAccessList"]?.array {
            ipAccessList = list.map { IPAccessEntry(source: $0["source"]?.string ?? "", description: $0["description"]?.string ?? "") }
            for (index, entry) in list.enumerated() where IPRange(entry["source"]?.string ?? "") == nil {
                problems.append(Problem(FieldPath("ipAccessList")[index]["source"], "must be an IP address or a CIDR range"))
            }
        }
        try InvalidConfiguration.check(problems)
    }

    /// Lays the change over a key.
    ///
    /// The two ways of naming roles add up, and an answer shows their sum as `assignedRoles`. So whoever sends one list
    /// alone means the whole: what the other list said of system roles goes.
    func apply(to key: inout KeyRecord) {
        if let name { key.name = name }
        if let isEnabled { key.isEnabled = isEnabled }
        if let expireAt { key.expireAt = expireAt }
        if let ipAccessList { key.ipAccessList = ipAccessList }
        if let assignedRoleIDs { key.assignedRoleIDs = assignedRoleIDs }
        if let roles { key.roles = roles }
        if assignedRoleIDs != nil, roles == nil { key.roles = [] }
        if roles != nil, assignedRoleIDs == nil { key.assignedRoleIDs.removeAll { SystemRole(rawValue: $0) != nil } }
    }

    /// The contract's words for what differs.
    static func updateTypes(from old: KeyRecord, to new: KeyRecord) -> [String] {
        var types: [String] = []
        if old.name != new.name { types.append("name-changed") }
        if old.roles != new.roles { types.append("role-changed") }
        if old.assignedRoleIDs != new.assignedRoleIDs { types.append("roles-v2-changed") }
        if old.isEnabled != new.isEnabled { types.append("state-changed") }
        if old.expireAt != new.expireAt { types.append("date-changed") }
        if old.ipAccessList != new.ipAccessList { types.append("ip-access-list-changed") }
        return types
    }
}
