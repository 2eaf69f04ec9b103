package import CloudSigning
import PipeCore

/// As whom a bucket is read.
package enum S3Authority: Sendable {
    /// Public buckets: requests carry no signature.
    case anonymous
    case key(AWSCredentials)
    case role(RoleCredentials)

    package func credentials() async throws(ObjectStorageError) -> AWSCredentials? {
        switch self {
        case .anonymous: nil
        case .key(let credentials): credentials
        case .role(let role): try await role.credentials()
        }
    }
}
