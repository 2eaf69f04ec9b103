internal import Synchronization

/// The columns of the destination's table as they were when the pipe was prepared: their types by name, without those that have a DEFAULT,
/// which rows that are parsed as the table's own would get where a field is missing.
final class KnownColumns: Sendable {
    private let types = Mutex<[String: String]>([:])

    var current: [String: String] { types.withLock { $0 } }
    func replace(by new: [String: String]) { types.withLock { $0 = new } }
}
