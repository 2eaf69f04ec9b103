private import Crypto

/// AWS Signature Version 4. Pure: the time is a parameter.
///
/// Facts: "Authenticating Requests: Using the Authorization Header" and "… Using Query Parameters" of the Amazon S3 API reference,
/// and "Create a signed AWS API request" of the IAM user guide. S3 encodes the path once; every other service encodes it twice.
public struct AWSSigner: Sendable {
    public var credentials: AWSCredentials
    public var region: String
    /// The name in the credential scope, for example `s3` or `sts`.
    public var service: String

    public init(credentials: AWSCredentials, region: String, service: String) {
        self.credentials = credentials
        self.region = region
        self.service = service
    }

    /// The headers to add to the request: `x-amz-date`, `x-amz-content-sha256` (S3), `x-amz-security-token` (temporary credentials)
    /// and `authorization`. `host` is signed and is the caller's to send.
    public func headers(for request: AWSRequest, at time: AWSTimestamp) -> [AWSRequest.Item] {
        let hash = payloadHash(request.payload)
        var added = [AWSRequest.Item("x-amz-date", time.description)]
        if service == "s3" { added.append(AWSRequest.Item("x-amz-content-sha256", hash)) }
        if let token = credentials.sessionToken { added.append(AWSRequest.Item("x-amz-security-token", token)) }
        var signed = request
        signed.headers += added
        let canonical = canonicalRequest(signed, payloadHash: hash)
        added.append(
            AWSRequest.Item(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope(time)),SignedHeaders=\(canonical.signedHeaders),"
                    + "Signature=\(signature(of: canonical.text, at: time))"))
        return added
    }

    /// The request with the signature in its query: valid for `seconds` (1 to 604,800) from `time`, for anyone who holds its URL.
    public func presigned(_ request: AWSRequest, at time: AWSTimestamp, seconds: Int) -> AWSRequest {
        var presigned = request
        presigned.query += [
            AWSRequest.Item("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            AWSRequest.Item("X-Amz-Credential", "\(credentials.accessKeyID)/\(scope(time))"),
            AWSRequest.Item("X-Amz-Date", time.description),
            AWSRequest.Item("X-Amz-Expires", String(seconds)),
            AWSRequest.Item("X-Amz-SignedHeaders", canonicalHeaders(request).names),
        ]
        if let token = credentials.sessionToken { presigned.query.append(AWSRequest.Item("X-Amz-Security-Token", token)) }
        let hash = service == "s3" ? "UNSIGNED-PAYLOAD" : payloadHash(request.payload)
        let canonical = canonicalRequest(presigned, payloadHash: hash)
        presigned.query.append(AWSRequest.Item("X-Amz-Signature", signature(of: canonical.text, at: time)))
        return presigned
    }

    private func canonicalRequest(_ request: AWSRequest, payloadHash: String) -> (text: String, signedHeaders: String) {
        let headers = canonicalHeaders(request)
        let path = service == "s3" ? request.encodedPath : PercentEncoding.encode(request.encodedPath, keeping: "/")
        let lines = [request.method, path, request.encodedQuery, headers.lines, headers.names, payloadHash]
        return (lines.joined(separator: "\n"), headers.names)
    }

    /// `lines` ends with a line break, which makes the empty line that the canonical form wants after the headers.
    private func canonicalHeaders(_ request: AWSRequest) -> (lines: String, names: String) {
        var values: [String: [String]] = ["host": [request.host]]
        for header in request.headers { values[header.name.lowercased(), default: []].append(trimmed(header.value)) }
        let names = values.keys.sorted()
        return (names.map { "\($0):\(values[$0, default: []].joined(separator: ","))\n" }.joined(), names.joined(separator: ";"))
    }

    /// Without outer spaces, runs of inner spaces as one.
    private func trimmed(_ value: String) -> String { value.split(separator: " ").joined(separator: " ") }

    private func payloadHash(_ payload: AWSRequest.Payload) -> String {
        switch payload {
        case .bytes(let bytes): hex(SHA256.hash(data: bytes))
        case .unsigned: "UNSIGNED-PAYLOAD"
        }
    }

    private func scope(_ time: AWSTimestamp) -> String { "\(time.day)/\(region)/\(service)/aws4_request" }

    private func signature(of canonicalRequest: String, at time: AWSTimestamp) -> String {
        let digest = hex(SHA256.hash(data: Array(canonicalRequest.utf8)))
        let text = ["AWS4-HMAC-SHA256", time.description, scope(time), digest].joined(separator: "\n")
        var key = SymmetricKey(data: Array("AWS4\(credentials.secretKey)".utf8))
        for part in [time.day, region, service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(part.utf8), using: key))
        }
        return hex(HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }

    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
