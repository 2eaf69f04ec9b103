import CloudSigning
import PipeCore

/// What a configuration means to this build: where the bucket is, which keys are wanted, as whom.
struct ObjectStorageConnection: Sendable {
    var location: S3Location
    var authority: S3Authority

    /// `session` ends the session name of an assumed role: the pipe's id, or `probe`.
    init(_ configuration: ObjectStorageConfiguration, session: String) throws(ObjectStorageError) {
        if let gap = configuration.gaps.first { throw gap }
        guard let url = configuration.url else { throw .url("is required") }
        location = try S3Location(url: url, kind: configuration.type.rawValue)
        switch configuration.authentication {
        case nil: authority = .anonymous
        case .iamUser:
            guard let key = configuration.accessKey else {
                throw ObjectStorageError(.sourceDenied, .user, "accessKey", "is required for authentication IAM_USER")
            }
            authority = .key(AWSCredentials(accessKeyID: key.accessKeyId, secretKey: key.secretKey))
        case .iamRole:
            guard let role = configuration.iamRole else {
                throw ObjectStorageError(.sourceDenied, .user, "iamRole", "is required for authentication IAM_ROLE")
            }
            authority = .role(RoleCredentials(role: role, session: session))
        case .connectionString, .serviceAccount, .workloadIdentity:
            throw ObjectStorageError(
                .sourceDenied, .user, "authentication", "does not apply to \(configuration.type.rawValue); use IAM_USER or IAM_ROLE")
        }
    }
}

extension ObjectStorageConfiguration {
    /// What the contract knows and this build does not have yet, each with its field.
    var gaps: [ObjectStorageError] {
        var gaps: [ObjectStorageError] = []
        if type == .gcs || type == .azureblobstorage {
            gaps.append(
                ObjectStorageError(
                    "SOURCE_NOT_SUPPORTED", .user, "type",
                    "is '\(type.rawValue)': this build does not support it yet; it reads s3, dospaces, cloudflarer2 and ovhobjectstorage"))
        }
        if queueUrl != nil {
            gaps.append(
                ObjectStorageError(
                    "SOURCE_NOT_SUPPORTED", .user, "queueUrl",
                    "is set: this build does not support queues yet; leave it out to load new files in the order of their keys"))
        }
        return gaps
    }
}
