package import HTTPTypes

extension RateLimiter.Standing {
    /// `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds with a fraction; Terraform sleeps that long and one more).
    package var headers: HTTPFields {
        var fields = HTTPFields()
        for (name, value) in [
            ("X-RateLimit-Limit", "\(limit)"), ("X-RateLimit-Remaining", "\(remaining)"),
            ("X-RateLimit-Reset", "\((reset * 1000).rounded(.up) / 1000)"),
        ] {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return fields
    }

    /// 429 with the headers and `Retry-After`.
    package func refusal(_ message: String) -> APIError {
        var fields = headers
        fields[.retryAfter] = "\(Int(reset.rounded(.up)))"
        return .tooManyRequests(message, headers: fields)
    }
}
