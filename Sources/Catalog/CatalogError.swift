/// Why the catalog refused or failed. Holds no secrets and no stored values.
public struct CatalogError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// A record with the same id or the same unique name exists.
        case conflict
        /// The record refers to one that does not exist, such as a pipe to its service.
        case missingReference
        /// The database was written by a newer Penstock.
        case newerSchema
        /// The sealing key cannot be read, or has the wrong form.
        case unusableKey
        /// The sealing key is not the one that sealed.
        case wrongKey
        /// A stored value cannot be understood.
        case damaged
        /// The file or the disk failed; trying again may help.
        case storage
    }

    public var code: Code
    /// What happened and what to do.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
