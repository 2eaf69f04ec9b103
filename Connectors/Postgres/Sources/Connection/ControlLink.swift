/// A connection for small questions, made anew when it is lost.
final class ControlLink {
    private let target: ConnectionTarget
    private var connection: PostgresConnection?

    init(_ target: ConnectionTarget, _ connection: PostgresConnection? = nil) {
        self.target = target
        self.connection = connection
    }

    func close() { connection?.close() }

    func callAsFunction<Result: Sendable>(_ body: (PostgresConnection) async throws -> Result) async throws -> Result {
        if let connection {
            do {
                return try await body(connection)
            } catch let error as PostgresError where error.isConnection {
                connection.close()
                self.connection = nil
            }
        }
        let fresh = try await PostgresConnection.connect(target)
        connection = fresh
        return try await body(fresh)
    }
}
