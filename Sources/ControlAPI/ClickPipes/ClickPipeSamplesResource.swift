private import Catalog
private import Hummingbird
internal import PipeCore
internal import PipeRuntime

/// What a pipe did in the last quarter of an hour, for charts. Not in ClickHouse Cloud.
package struct ClickPipeSamplesResource: APIResource {
    private let api: APIDependencies

    package init(api: APIDependencies) { self.api = api }

    package func addRoutes(to routes: inout RouteTable) {
        routes.get(
            "\(APIPath.pipe)/samples", permission: .viewPipes,
            Operation(
                "clickPipeSampleGetList",
                "Counters of a pipe every two seconds of the last 15 minutes, oldest first; empty for a pipe that did not run. Not in ClickHouse Cloud.",
                tag: "ClickPipes", result: .list(Self.schema))
        ) { _, context in
            let pipe = try await api.requirePipe(context)
            return try context.reply(.array(api.history.samples(of: pipe.id).map(\.document)))
        }
    }

    static let schema = ObjectSchema(
        "ClickPipeSample", "Counters since the start of Penstock's process, and gauges, at one time.",
        fields: [
            Field("time", .integer, "Milliseconds since 1970."), Field("fetchedRows", .integer, "Rows read from the source."),
            Field("fetchedBytes", .integer, "Bytes read from the source."), Field("sentRows", .integer, "Rows written."),
            Field("sentBytes", .integer, "Bytes written."),
            Field("errors", .integer, "Failed tries, failures, and records left out."), Field("retries", .integer, "Tries repeated."),
            Field("batches", .integer, "Batches written."), Field("lagItems", .integer, "What waits at the source; absent where unknown."),
            Field("lagBytes", .integer, "Bytes that wait at the source; absent where unknown."),
            Field("latencyMs", .number, "Mean of the newest hundred batches."),
            Field("endToEndMs", .object(quantiles), "From when the source made a row until it was written."),
            Field("inFlightBytes", .integer, "Read and not yet written."), Field("openBatches", .integer, "Read and not yet written."),
        ])

    private static let quantiles = ObjectSchema(
        "ClickPipeLatency", "Milliseconds.",
        fields: ["p50", "p95", "p99"].map { Field($0, .number, "Not exceeded by that part of the rows.") })
}

extension PipeSample {
    /// The wire form.
    var document: JSONValue {
        func number(_ value: Int) -> JSONValue { .integer(Int64(value)) }
        var members: [String: JSONValue] = [
            "time": .integer(time), "fetchedRows": number(fetchedRows), "fetchedBytes": number(fetchedBytes), "sentRows": number(sentRows),
            "sentBytes": number(sentBytes), "errors": number(errors), "retries": number(retries), "batches": number(batches),
            "inFlightBytes": number(bytesInFlight), "openBatches": number(openBatches),
        ]
        members["lagItems"] = lagItems.map(number)
        members["lagBytes"] = lagBytes.map(number)
        members["latencyMs"] = latency.map(JSONValue.number)
        members["endToEndMs"] = endToEnd.map {
            ["p50": .number($0.p50 * 1000), "p95": .number($0.p95 * 1000), "p99": .number($0.p99 * 1000)]
        }
        return .object(members)
    }
}
