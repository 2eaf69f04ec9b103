public import FoundationEssentials
public import PipeCore

/// The one organization of an installation.
public struct OrganizationRecord: Hashable, Sendable, Codable {
    public var id: String
    public var name: String
    public var createdAt: Date
    public var enableCoreDumps: Bool
    public init(id: String, name: String, createdAt: Date, enableCoreDumps: Bool = false) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
        self.enableCoreDumps = enableCoreDumps
    }
}

/// The stable identity of a configured service. Its URL and credentials stay in the configuration.
public struct ServiceRecord: Hashable, Sendable, Codable {
    public var id: String
    /// The name in the configuration; `default` for the embedded server. Unique.
    public var configurationName: String
    /// The name shown; can be changed over the API.
    public var name: String
    public var wanted: WantedState
    public var createdAt: Date
    /// Set with the first database pipe; nil means the CDC scaling resource does not exist yet.
    public var cdcScaling: CDCScaling?
    public init(
        id: String, configurationName: String, name: String, wanted: WantedState = .running, createdAt: Date,
        cdcScaling: CDCScaling? = nil
    ) {
        self.id = id
        self.configurationName = configurationName
        self.name = name
        self.wanted = wanted
        self.createdAt = createdAt
        self.cdcScaling = cdcScaling
    }
}

public struct IPAccessEntry: Hashable, Sendable, Codable {
    /// An address or CIDR range.
    public var source: String
    public var description: String
    public init(source: String, description: String = "") {
        self.source = source
        self.description = description
    }
}

/// An API key. Only hashes of its id and secret are kept.
public struct KeyRecord: Hashable, Sendable, Codable {
    public var id: String
    public var name: String
    public var isEnabled: Bool
    /// base64(SHA-256(keyId)); unique.
    public var keyIDHash: String
    /// Last four characters of the key id.
    public var keySuffix: String
    /// base64(SHA-256(keySecret)).
    public var secretHash: String
    /// Deprecated role names: `admin`, `developer`, `query_endpoints`.
    public var roles: [String]
    public var assignedRoleIDs: [String]
    public var createdAt: Date
    public var expireAt: Date?
    /// To the minute.
    public var usedAt: Date?
    /// Empty means no restriction.
    public var ipAccessList: [IPAccessEntry]
    public init(
        id: String, name: String, isEnabled: Bool = true, keyIDHash: String, keySuffix: String, secretHash: String,
        roles: [String] = [], assignedRoleIDs: [String] = [], createdAt: Date, expireAt: Date? = nil, usedAt: Date? = nil,
        ipAccessList: [IPAccessEntry] = []
    ) {
        self.id = id
        self.name = name
        self.isEnabled = isEnabled
        self.keyIDHash = keyIDHash
        self.keySuffix = keySuffix
        self.secretHash = secretHash
        self.roles = roles
        self.assignedRoleIDs = assignedRoleIDs
        self.createdAt = createdAt
        self.expireAt = expireAt
        self.usedAt = usedAt
        self.ipAccessList = ipAccessList
    }
}

/// A custom role; system roles are in code.
public struct RoleRecord: Hashable, Sendable, Codable {
    public var id: String
    public var name: String
    public var actors: [String]
    /// `RBACPolicy` documents of the wire contract.
    public var policies: JSONValue
    public var createdAt: Date
    public var updatedAt: Date
    public init(id: String, name: String, actors: [String], policies: JSONValue, createdAt: Date, updatedAt: Date) {
        self.id = id
        self.name = name
        self.actors = actors
        self.policies = policies
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// A line of the audit log.
public struct ActivityRecord: Hashable, Sendable, Codable {
    public var id: String
    public var createdAt: Date
    /// A type of the contract, or one of ours with the prefix `clickpipe_`.
    public var type: String
    /// `api` or `system`.
    public var actorType: String
    /// Resource id of the key.
    public var actorID: String
    public var actorDetails: String
    public var actorIPAddress: String
    public var userAgent: String
    public var serviceID: String?
    /// The key, pipe or role acted upon.
    public var targetID: String?
    public var keyUpdateType: String?
    public init(
        id: String, createdAt: Date, type: String, actorType: String, actorID: String, actorDetails: String = "",
        actorIPAddress: String = "", userAgent: String = "", serviceID: String? = nil, targetID: String? = nil,
        keyUpdateType: String? = nil
    ) {
        self.id = id
        self.createdAt = createdAt
        self.type = type
        self.actorType = actorType
        self.actorID = actorID
        self.actorDetails = actorDetails
        self.actorIPAddress = actorIPAddress
        self.userAgent = userAgent
        self.serviceID = serviceID
        self.targetID = targetID
        self.keyUpdateType = keyUpdateType
    }
}

/// A stored reverse private endpoint.
public struct PrivateEndpointRecord: Hashable, Sendable, Codable {
    public var id: String
    public var serviceID: String
    public var document: JSONValue
    public var createdAt: Date
    public init(id: String, serviceID: String, document: JSONValue, createdAt: Date) {
        self.id = id
        self.serviceID = serviceID
        self.document = document
        self.createdAt = createdAt
    }
}
