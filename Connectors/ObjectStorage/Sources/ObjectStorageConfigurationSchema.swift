public import PipeCore

extension ObjectStorageConfiguration {
    public static let schema = ObjectSchema(
        "ClickPipeObjectStorageSource",
        "Files in S3, Google Cloud Storage, Azure Blob Storage or a store that speaks one of their protocols.",
        fields: [
            Field("type", .oneOf(StorageType.allCases.map(\.rawValue)), "Kind of object storage.", [.required, .immutable]),
            Field("format", .oneOf(Format.allCases.map(\.rawValue)), "Format of the files.", [.required, .immutable]),
            Field(
                "url", .text, "Files to load; bash-like wildcards choose several. Not used for Azure.", [.immutable, .emptyIsUnset]),
            Field("delimiter", .text, "Field delimiter of CSV files.", [.immutable, .emptyIsUnset]),
            Field(
                "compression", .oneOf(Compression.allCases.map(\.rawValue)), "Compression of the files; `auto` goes by their names.",
                [.immutable, .emptyIsUnset]),
            Field("isContinuous", .boolean, "Keep loading new files; otherwise the pipe completes.", .immutable),
            Field(
                "queueUrl", .text,
                "Load files in the order of their notifications: an SQS queue URL, or projects/{project}/subscriptions/{name}.",
                [.immutable, .emptyIsUnset]),
            Field("skipInitialLoad", .boolean, "Load only files announced by the queue."),
            Field("startAfter", .text, "Skip files up to and including this object key.", .emptyIsUnset),
            Field(
                "authentication", .oneOf(Authentication.allCases.map(\.rawValue)), "How to authenticate; absent for public files.",
                .emptyIsUnset),
            Field("iamRole", .text, "Role to assume, with IAM_ROLE.", .emptyIsUnset),
            Field("connectionString", .text, "Azure connection string, with CONNECTION_STRING.", [.secret, .emptyIsUnset]),
            Field("path", .text, "Files inside the Azure container; bash-like wildcards choose several.", .emptyIsUnset),
            Field("azureContainerName", .text, "Azure container.", .emptyIsUnset),
            CredentialFields.accessKey,
            Field(
                "serviceAccountKey", .string(StringRule(length: 1...Int.max, format: .base64)),
                "Base64 of a Google service account's JSON key file, with SERVICE_ACCOUNT.", [.secret, .emptyIsUnset]),
        ])

    /// Credentials of the former authentication go when an update chooses another one.
    public static func completed(_ document: JSONValue, patch: JSONValue?, pipe: PipeID) -> JSONValue {
        guard patch?["authentication"] != nil else { return document }
        let credential: [Authentication: String] = [
            .iamRole: "iamRole", .iamUser: "accessKey", .connectionString: "connectionString", .serviceAccount: "serviceAccountKey",
        ]
        let wanted = document["authentication"]?.string.flatMap(Authentication.init).flatMap { credential[$0] }
        var document = document
        // Without a stated authentication an Azure pipe still uses its connection string.
        let isAzure = document["type"]?.string == StorageType.azureblobstorage.rawValue
        let stale = credential.values.filter { $0 != wanted && !(isAzure && $0 == "connectionString") }
        document.dropStale(stale.sorted(), patch: patch)
        return document
    }
}
