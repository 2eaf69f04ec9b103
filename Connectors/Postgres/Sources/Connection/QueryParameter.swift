/// A value for a query, in the form in which the server itself sent it.
package struct QueryParameter: Sendable, Hashable {
    /// Oid of its type.
    package var type: UInt32
    package var bytes: [UInt8]
    package var isBinary: Bool

    package init(type: UInt32, bytes: [UInt8], isBinary: Bool) {
        self.type = type
        self.bytes = bytes
        self.isBinary = isBinary
    }
}
