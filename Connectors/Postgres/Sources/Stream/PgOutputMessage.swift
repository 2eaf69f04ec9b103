/// A message of the `pgoutput` plugin (postgresql.org, "Logical Replication Message Formats").
package enum PgOutputMessage: Hashable, Sendable {
    case begin(Begin)
    case commit(Commit)
    case origin
    case relation(Relation)
    case type
    case insert(relation: UInt32, new: Tuple)
    case update(relation: UInt32, old: OldTuple?, new: Tuple)
    case delete(relation: UInt32, old: OldTuple)
    case truncate(relations: [UInt32], cascade: Bool, restartIdentity: Bool)
    case message(isTransactional: Bool, prefix: String)
    /// A piece of a transaction that has not committed yet; what follows until `streamStop` belongs to it.
    case streamStart(transaction: UInt32, isFirst: Bool)
    case streamStop
    case streamCommit(transaction: UInt32, Commit)
    /// A transaction or, where the two differ, a part of it is rolled back.
    case streamAbort(transaction: UInt32, part: UInt32)

    package struct Begin: Hashable, Sendable {
        /// Where the commit record starts.
        package var commit: LogPosition
        /// Microseconds since 2000.
        package var time: Int64
        package var transaction: UInt32
    }

    package struct Commit: Hashable, Sendable {
        package var position: LogPosition
        /// Behind the commit record: reading goes on from here.
        package var end: LogPosition
        package var time: Int64
    }

    package struct Relation: Hashable, Sendable {
        package struct Column: Hashable, Sendable {
            package var name: String
            /// Part of the replica identity.
            package var isKey: Bool
            package var type: UInt32
            package var modifier: Int32
        }
        package enum Identity: UInt8, Hashable, Sendable { case standard = 0x64, nothing = 0x6e, full = 0x66, index = 0x69 }

        package var id: UInt32
        package var schema: String
        package var name: String
        package var identity: Identity
        package var columns: [Column]
    }

    /// The values of a row; they stand in the message.
    package struct Tuple: Hashable, Sendable {
        package var fields: [Field]
    }

    package struct Field: Hashable, Sendable {
        package enum Kind: UInt8, Hashable, Sendable { case null = 0x6e, unchanged = 0x75, text = 0x74, binary = 0x62 }
        package var kind: Kind
        /// In the message.
        package var range: Range<Int>
    }

    package struct OldTuple: Hashable, Sendable {
        /// Only the columns of the replica identity have values.
        package var isKeyOnly: Bool
        package var tuple: Tuple
    }
}
