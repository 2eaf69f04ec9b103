package import PipeCore

/// The endpoints of one service, as a running Penstock serves them.
package protocol EndpointService: Sendable {
    /// Names by id.
    func keys() async throws -> [String: String]
    /// All endpoints; without SQL.
    func endpoints() async throws -> [JSONValue]
    func endpoint(_ id: String) async throws -> JSONValue
    func create(_ body: JSONValue) async throws -> JSONValue
    func replace(_ id: String, with body: JSONValue) async throws -> JSONValue
    func delete(_ id: String) async throws
}

/// What Penstock answered instead of a result, or why it did not answer.
package struct EndpointServiceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
