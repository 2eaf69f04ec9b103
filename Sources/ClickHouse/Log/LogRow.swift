/// A row on its way to a ``LogTable``.
package protocol LogRow: Sendable {
    var place: LogPlace { get }
    /// Writes `timestamp` as milliseconds since 1970, and every other column of the table by its name.
    func write(to row: inout JSONRows)
    /// A row for this place saying that `dropped` older ones are missing; nil where the table has no words for it.
    func notice(dropped: Int) -> Self?
}

/// Where rows go: database `system` of a service where its user may make tables there, as on ClickHouse Cloud, else `database`.
package struct LogPlace: Hashable, Sendable {
    package var service: String
    package var database: String
    package init(service: String, database: String) {
        self.service = service
        self.database = database
    }
}

/// The ClickHouse of a service, as a log writes to it.
package struct LogDestination: Sendable {
    package var client: ClickHouseClient
    /// The name for `ON CLUSTER`.
    package var cluster: String?
    package init(client: ClickHouseClient, cluster: String?) {
        self.client = client
        self.cluster = cluster
    }
}
