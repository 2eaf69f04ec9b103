package import Catalog

/// The API key behind a request, already authenticated.
package struct Caller: Sendable {
    package var key: KeyRecord
    package var permissions: PermissionSet
    /// Empty when the transport has no address.
    package var ipAddress: String
    package var userAgent: String

    package init(key: KeyRecord, permissions: PermissionSet, ipAddress: String, userAgent: String) {
        self.key = key
        self.permissions = permissions
        self.ipAddress = ipAddress
        self.userAgent = userAgent
    }
}
