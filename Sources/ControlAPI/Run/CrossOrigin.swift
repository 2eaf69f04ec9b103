import HTTPTypes
import QueryEndpoints

/// The headers that decide what scripts of other origins may do with an endpoint. They never stop anybody else.
enum CrossOrigin {
    /// Adds what every answer needs, also an error.
    static func add(to fields: inout HTTPFields, origin: String?, allowed: OriginList) {
        fields[.vary] = "Origin"
        guard let origin, let value = allowed.allowed(origin) else { return }
        fields[.accessControlAllowOrigin] = value
        fields[.accessControlExposeHeaders] = exposed
    }

    /// The answer to a preflight request, without a body. An origin that is not listed gets no permission.
    static func preflight(origin: String?, allowed: OriginList?, methods: String) -> HTTPFields {
        var fields: HTTPFields = [.vary: "Origin, Access-Control-Request-Headers"]
        guard let origin, let value = allowed?.allowed(origin) else { return fields }
        fields[.accessControlAllowOrigin] = value
        fields[.accessControlAllowMethods] = methods
        fields[.accessControlAllowHeaders] =
            "authorization, content-type, if-none-match, x-clickhouse-endpoint-version, x-clickhouse-endpoint-upgrade, wake-service"
        fields[.accessControlMaxAge] = "600"
        return fields
    }

    private static let exposed =
        "X-ClickHouse-Query-Id, X-ClickHouse-Summary, X-ClickHouse-Format, X-ClickHouse-Endpoint-Version, X-Request-Id, X-RateLimit-Limit, "
        + "X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, ETag, Age, X-Cache"
}
