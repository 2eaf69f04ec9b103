internal import ClickHouse
internal import FoundationEssentials

/// Reads the log of calls.
public struct CallStatistics: CallHistory {
    private let log: CallLog

    public init(log: CallLog) { self.log = log }

    /// Three statements: everything, by step, by caller.
    public func report(service: String, endpoint: String?, span: CallSpan) async throws(QueryFailure) -> CallReport {
        let parameters = [
            "s": service, "e": endpoint ?? "", "from": String(CallRow.milliseconds(span.from)),
            "to": String(CallRow.milliseconds(span.to)), "step": String(span.step),
        ]
        return try await read(service, empty: CallReport(span: span)) { (client, table) async throws(ClickHouseError) in
            func rows(_ keys: String, _ rest: String) async throws(ClickHouseError) -> [SummaryRow] {
                try await client.rows(
                    SummaryRow.self,
                    """
                    SELECT \(keys)\(SummaryRow.columns) FROM \(table.quoted) WHERE service_id = {s:String} AND endpoint_id = {e:String} \
                    AND timestamp >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') \
                    AND timestamp < fromUnixTimestamp64Milli({to:Int64}, 'UTC') \(rest)
                    """, parameters: parameters, settings: SummaryRow.settings, timeout: .seconds(30))
            }
            let total = try await rows("", "").first
            guard let total, total.requests > 0 else { return CallReport(span: span) }
            let steps = try await rows(
                "intDiv(toUnixTimestamp64Milli(timestamp), {step:Int64} * 1000) * {step:Int64} AS begins, ", "GROUP BY begins")
            let callers = try await rows("key_id, token_subject, ", "GROUP BY key_id, token_subject ORDER BY requests DESC LIMIT 100")
            let byBeginning = Dictionary(steps.map { ($0.begins ?? 0, $0.summary) }, uniquingKeysWith: { first, _ in first })
            return CallReport(
                span: span, total: total.summary,
                steps: span.beginnings.map {
                    .init(time: $0, summary: byBeginning[Int64($0.timeIntervalSince1970)] ?? CallSummary())
                }, callers: callers.map(\.caller))
        }
    }

    public func calls(service: String, endpoint: String?, filter: CallFilter?, before: CallCursor?, limit: Int)
        async throws(QueryFailure) -> CallPage
    {
        var parameters = ["s": service, "e": endpoint ?? "", "n": String(limit + 1)]
        var conditions = ["service_id = {s:String}", "endpoint_id = {e:String}"]
        if let filter { conditions.append(filter.condition) }
        if let before {
            parameters["time"] = String(before.time)
            parameters["id"] = before.requestID
            conditions.append("(timestamp, request_id) < (fromUnixTimestamp64Milli({time:Int64}, 'UTC'), {id:String})")
        }
        let statement = conditions.joined(separator: " AND ")
        return try await read(service, empty: CallPage(calls: [])) { (client, table) async throws(ClickHouseError) in
            let rows = try await client.rows(
                LoggedCall.self,
                """
                SELECT \(LoggedCall.columns) FROM \(table.quoted) WHERE \(statement) ORDER BY timestamp DESC, request_id DESC \
                LIMIT {n:UInt32}
                """, parameters: parameters, timeout: .seconds(30))
            let calls = rows.prefix(limit).map { $0.record(service: service, endpoint: endpoint) }
            return CallPage(calls: calls, next: rows.count > limit ? calls.last.map { CallCursor($0) } : nil)
        }
    }

    /// Writes what waits and reads; `empty` where there is no log yet.
    private func read<Answer: Sendable>(
        _ service: String, empty: Answer,
        _ body: (ClickHouseClient, TableName) async throws(ClickHouseError) -> Answer
    ) async throws(QueryFailure) -> Answer {
        await log.flush(service: service)
        do {
            guard let (client, table) = try await log.source(service: service) else {
                throw QueryFailure(404, "NO_SUCH_SERVICE", "service \(service) is not configured")
            }
            guard let table else { return empty }
            return try await body(client, table)
        } catch let error as ClickHouseError {
            if error.code == .unknownTable || error.code == .unknownDatabase { return empty }
            throw Self.failure(error)
        } catch let failure as QueryFailure {
            throw failure
        } catch {
            throw QueryFailure(500, "INTERNAL_ERROR", "the log of calls cannot be read")
        }
    }

    private static func failure(_ error: ClickHouseError) -> QueryFailure {
        switch error.disposition {
        case .retryable: QueryFailure(503, "SERVICE_UNAVAILABLE", "the ClickHouse of this service does not answer; try again later")
        default:
            QueryFailure(
                502, "UPSTREAM_REFUSED",
                "ClickHouse refuses to read the log of calls (\(error.name)); grant the service's user SELECT on query_endpoints_log")
        }
    }
}
