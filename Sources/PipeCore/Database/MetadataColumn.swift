/// The columns of a mapped table that are not the source's; names and types are those of ClickPipes.
///
/// They stand behind the source's columns, in the order of ``allCases``.
public enum MetadataColumn: String, CaseIterable, Hashable, Sendable, Codable {
    /// When ClickHouse took the row: filled by a DEFAULT, so rows leave it out.
    case syncedAt = "_peerdb_synced_at"
    /// `UInt8`: 1 in the row that a deletion leaves, else 0.
    case isDeleted = "_peerdb_is_deleted"
    /// `UInt64`: 0 in a row of the snapshot; in a row of the stream a number that grows with the order of commits and never goes back.
    case version = "_peerdb_version"

    public var name: String { rawValue }

    /// ClickHouse type.
    public var type: String {
        switch self {
        case .syncedAt: "DateTime64(9)"
        case .isDeleted: "UInt8"
        case .version: "UInt64"
        }
    }

    /// What rows carry behind the source's columns, in this order.
    public static let written: [MetadataColumn] = [.isDeleted, .version]
}
