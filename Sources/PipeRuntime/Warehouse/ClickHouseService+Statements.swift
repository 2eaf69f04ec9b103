internal import ClickHouse
internal import PipeCore

/// Statements whose failure is the pipe's.
extension ClickHouseService {
    @discardableResult
    func execute(
        _ sql: String, parameters: [String: String] = [:], settings: [String: String] = [:], during what: String
    ) async throws -> QuerySummary {
        do {
            return try await client.execute(sql, parameters: parameters, settings: settings)
        } catch {
            try Task.checkCancellation()
            throw error.pipeError(during: what)
        }
    }

    func rows<Row: Decodable & Sendable>(
        _ type: Row.Type, _ sql: String, parameters: [String: String] = [:], settings: [String: String] = [:], during what: String
    ) async throws -> [Row] {
        do {
            return try await client.rows(type, sql, parameters: parameters, settings: settings)
        } catch {
            try Task.checkCancellation()
            throw error.pipeError(during: what)
        }
    }
}
