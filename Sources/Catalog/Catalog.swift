public import FoundationEssentials
public import PipeCore

/// Everything Penstock remembers. SQLite is the embedded default; a contract suite lets another database follow.
///
/// Every method returns when its effect survives a crash of the process. `update…` closures run in one transaction with the
/// read they are given; what they throw is rethrown and nothing is written. They return the record as stored, or nil when it
/// does not exist; the id cannot be changed. Dates keep whole milliseconds, finer parts are cut off. Refusals and failures are
/// ``CatalogError``; those of ``CheckpointStore`` methods are ``PipeError``, because they end up in a pipe.
public protocol Catalog: CheckpointStore, QueryCatalog {
    /// Nil before ``create(_:)-(OrganizationRecord)`` was called once.
    func organization() async throws -> OrganizationRecord?
    func create(_ organization: OrganizationRecord) async throws
    func updateOrganization(_ change: @Sendable (inout OrganizationRecord) throws -> Void) async throws -> OrganizationRecord?

    func services() async throws -> [ServiceRecord]
    func service(_ id: String) async throws -> ServiceRecord?
    func create(_ service: ServiceRecord) async throws
    func updateService(_ id: String, _ change: @Sendable (inout ServiceRecord) throws -> Void) async throws -> ServiceRecord?

    /// Ordered by creation.
    func keys() async throws -> [KeyRecord]
    func key(_ id: String) async throws -> KeyRecord?
    func key(idHash: String) async throws -> KeyRecord?
    func create(_ key: KeyRecord) async throws
    func updateKey(_ id: String, _ change: @Sendable (inout KeyRecord) throws -> Void) async throws -> KeyRecord?
    func deleteKey(_ id: String) async throws -> Bool

    func roles() async throws -> [RoleRecord]
    func create(_ role: RoleRecord) async throws
    func updateRole(_ id: String, _ change: @Sendable (inout RoleRecord) throws -> Void) async throws -> RoleRecord?
    func deleteRole(_ id: String) async throws -> Bool

    /// Newest first; both bounds inclusive, either may be nil.
    func activities(from: Date?, to: Date?) async throws -> [ActivityRecord]
    func activity(_ id: String) async throws -> ActivityRecord?
    func append(_ activity: ActivityRecord) async throws

    /// Ordered by creation; all services when `service` is nil.
    func pipes(service: String?) async throws -> [PipeRecord]
    func pipe(_ id: PipeID) async throws -> PipeRecord?
    func create(_ pipe: PipeRecord) async throws
    func updatePipe(_ id: PipeID, _ change: @Sendable (inout PipeRecord) throws -> Void) async throws -> PipeRecord?
    /// Removes the pipe, its checkpoint, journal and archive.
    func deletePipe(_ id: PipeID) async throws -> Bool
    /// A value after every change by anyone in this process that a supervisor must look at: a pipe created, changed or
    /// deleted, a service created or changed. Coalesced; any number of listeners, each from its call on. A pipe's observed
    /// state and message count only when the state leaves rest, or else writing an observation would call for another one.
    func pipeChanges() -> AsyncStream<Void>

    /// What a pipe has dealt with, newest first.
    func archive(of pipe: PipeID, limit: Int, offset: Int) async throws -> [ArchivedObject]

    /// What is known of the tables of a database pipe, by target.
    func tables(of pipe: PipeID) async throws -> [TableStatus]
    /// Adds to what is known; does nothing when the pipe is gone.
    func record(_ reports: [TableReport], of pipe: PipeID) async throws
    /// Forgets every table whose target is not among `targets`.
    func retainTables(_ targets: Set<String>, of pipe: PipeID) async throws

    func privateEndpoints(service: String) async throws -> [PrivateEndpointRecord]
    func create(_ endpoint: PrivateEndpointRecord) async throws
    func updatePrivateEndpoint(_ id: String, _ change: @Sendable (inout PrivateEndpointRecord) throws -> Void) async throws
        -> PrivateEndpointRecord?
    func deletePrivateEndpoint(_ id: String) async throws -> Bool
}
