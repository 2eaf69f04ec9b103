package import Catalog

/// The API key behind a request, already authenticated.
package struct Caller: Sendable {
    package var key: KeyRecord
    package var permissions: PermissionSet
    /// Empty when the transport has no address.
    package var ipAddress: String
    package var userAgent: String
    /// Set when a browser acts for the key.
    package var session: ConsoleSession?

    package init(key: KeyRecord, permissions: PermissionSet, ipAddress: String, userAgent: String, session: ConsoleSession? = nil) {
        self.key = key
        self.permissions = permissions
        self.ipAddress = ipAddress
        self.userAgent = userAgent
        self.session = session
    }
}
