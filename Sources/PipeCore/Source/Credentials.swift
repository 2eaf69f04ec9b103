/// A value that holds secrets: printing, dumping or interpolating it shows the name of its type and nothing else.
public protocol Confidential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {}

extension Confidential {
    public var description: String { "\(Self.self)(…)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [] as [Mirror.Child]) }
}

/// User and password of a database. The password may be absent where something else proves identity (an IAM role).
public struct PasswordCredentials: Codable, Hashable, Sendable, Confidential {
    public var username: String?
    public var password: String?

    public init(username: String? = nil, password: String? = nil) {
        self.username = username
        self.password = password
    }
}

/// The long-lived key of an AWS user, or of anything that speaks AWS signatures.
public struct AccessKey: Codable, Hashable, Sendable, Confidential {
    public var accessKeyId: String
    public var secretKey: String

    public init(accessKeyId: String, secretKey: String) {
        self.accessKeyId = accessKeyId
        self.secretKey = secretKey
    }
}

/// A Google service account: the JSON key file as base64 text.
public struct ServiceAccount: Codable, Hashable, Sendable, Confidential {
    public var serviceAccountFile: String

    public init(serviceAccountFile: String) { self.serviceAccountFile = serviceAccountFile }
}

/// The credential fields that several kinds of source share (component names as in the ClickHouse Cloud OpenAPI).
public enum CredentialFields {
    public static let username = Field("username", .text, "User name.")
    public static let password = Field("password", .text, "Password.", .secret)
    public static let accessKeyId = Field("accessKeyId", .text, "Id of an access key.")
    public static let secretKey = Field("secretKey", .text, "Secret of an access key.", .secret)
    public static let connectionString = Field(
        "connectionString", .text, "Connection string of an Azure Event Hubs namespace.", .secret)
    public static let certificate = Field("certificate", .pem, "Client certificate, PEM.")
    public static let privateKey = Field("privateKey", .pem, "Private key of the client certificate, PEM.", .secret)

    /// `credentials` of a database: which members are needed depends on the authentication.
    public static func password(_ summary: String) -> Field {
        Field("credentials", .object(ObjectSchema("PLAIN", "User name and password.", fields: [username, password])), summary, .secret)
    }

    /// `accessKey`: both members are needed.
    public static let accessKey = Field(
        "accessKey",
        .object(
            ObjectSchema(
                "MskIamUser", "Access key of an AWS user.",
                fields: [
                    Field("accessKeyId", .text, "Id of the access key.", .required),
                    Field("secretKey", .text, "Secret of the access key.", [.required, .secret]),
                ])),
        "Access key, with authentication IAM_USER.", .secret)

    public static func serviceAccount(_ name: String, _ traits: Field.Traits = []) -> Field {
        Field(
            name,
            .object(
                ObjectSchema(
                    "ServiceAccount", "Google service account.",
                    fields: [
                        Field(
                            "serviceAccountFile", .string(StringRule(length: 1...Int.max, format: .base64)),
                            "Base64 of the service account's JSON key file.", [.required, .secret])
                    ])), "Google service account.", traits.union(.secret))
    }
}

extension PasswordCredentials {
    /// What `basic` and `IAM_ROLE` demand of database credentials; `path` is the source.
    public static func problems(
        _ credentials: PasswordCredentials?, usesRole: Bool, iamRole: String?, at path: FieldPath
    ) -> [Problem] {
        var problems: [Problem] = []
        if usesRole {
            if iamRole == nil { problems.append(Problem(path["iamRole"], "is required for authentication IAM_ROLE")) }
            if credentials?.password != nil {
                problems.append(
                    Problem(path["credentials"]["password"], "is not allowed for authentication IAM_ROLE: the role replaces it"))
            }
        } else {
            if credentials?.username == nil { problems.append(Problem(path["credentials"]["username"], "is required")) }
            if credentials?.password == nil { problems.append(Problem(path["credentials"]["password"], "is required")) }
        }
        return problems
    }
}

extension JSONValue {
    /// Removes credentials that an update of the authentication left without use, unless the update itself carries them.
    public mutating func dropStale(_ fields: [String], patch: JSONValue?) {
        guard let patch else { return }
        for field in fields where patch[field].map(\.isNull) ?? true { self[field] = nil }
    }
}
