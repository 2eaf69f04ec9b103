internal import PipeCore

/// Shapes of what is known of calls.
enum MonitoringSchemas {
    private static let quantiles = ObjectSchema(
        "CallQuantiles", "Milliseconds.",
        fields: [
            Field("p50", .number, "Half of the calls are faster."), Field("p95", .number, "95 of 100 are faster."),
            Field("p99", .number, "99 of 100 are faster."),
        ])

    private static let counts: [Field] = [
        Field("requests", .integer, "Calls."), Field("errors", .integer, "Calls that were not fully answered."),
        Field("errorRate", .number, "Errors by requests, from 0 to 1."),
        Field("errorsByClass", .map(.integer), "`caller`, `permission`, `limit`, `upstream`, `timeout`, `cancelled`, `midstream`."),
        Field("durationMs", .object(quantiles), "Until the end of the answer; absent without calls."),
        Field("firstByteMs", .object(quantiles), "Until the first byte of the answer; absent where there was none."),
        Field("readRows", .integer, "Rows that ClickHouse read."), Field("readBytes", .integer, "Bytes that ClickHouse read."),
        Field("resultRows", .integer, "Rows of answers, where ClickHouse says."), Field("resultBytes", .integer, "Bytes of answers."),
        Field("cacheHits", .integer, "Answers from the result cache."), Field("cacheMisses", .integer, "Answers made for it."),
    ]

    static let report = ObjectSchema(
        "QueryEndpointMonitoring", "Calls of a time span.",
        fields: [
            Field("from", .dateTime, "Begin of the span."), Field("to", .dateTime, "End of the span, not included."),
            Field("step", .integer, "Seconds of a step."),
            Field("total", .object(ObjectSchema("CallCounts", fields: counts)), "The whole span."),
            Field(
                "steps",
                .list(.object(ObjectSchema("CallStep", fields: [Field("time", .dateTime, "When the step begins.")] + counts))),
                "Every step, also those without calls."),
            Field(
                "callers",
                .list(
                    .object(
                        ObjectSchema(
                            "CallCaller",
                            fields: [
                                Field("apiKeyId", .string, "Resource id of the key; absent for a token."),
                                Field("apiKeyName", .string, "Its name; absent when it was deleted."),
                                Field("tokenSubject", .string, "`sub` of the token."),
                                Field("lastCallAt", .dateTime, "Last call in the span."),
                            ] + counts))), "By key or token, most calls first, at most 100."),
        ])

    static let call = ObjectSchema(
        "QueryEndpointCall", "One call.",
        fields: [
            Field("requestId", .string, "`X-Request-Id` of the answer."), Field("time", .dateTime, "When it arrived."),
            Field("version", .integer, "Version of the query that ran."),
            Field("apiKeyId", .string, "Resource id of the key; absent for a token."),
            Field("tokenSubject", .string, "`sub` of the token."), Field("status", .integer, "HTTP status."),
            Field("errorCode", .string, "Absent when the answer is complete."),
            Field("errorClass", .string, "See `errorsByClass`."),
            Field("firstByteMs", .number, "Until the first byte; absent where there was none."),
            Field("durationMs", .number, "Until the end of the answer."), Field("readRows", .integer, "Rows that ClickHouse read."),
            Field("readBytes", .integer, "Bytes that ClickHouse read."), Field("resultRows", .integer, "Where ClickHouse says."),
            Field("resultBytes", .integer, "Bytes of the answer."), Field("cache", .oneOf(["hit", "miss", "none"]), "The result cache."),
            Field("format", .string, "Output format."), Field("queryId", .string, "`query_id` in `system.query_log`."),
            Field("parameterHash", .string, "Equal for equal parameters; tells nothing of their values."),
            Field("clientAddress", .string, "Where the call came from."),
        ])
}
