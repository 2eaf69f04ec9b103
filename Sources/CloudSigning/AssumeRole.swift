/// The request and the answer of STS `AssumeRole` (API version 2011-06-15), as values: whoever asks sends them.
package struct AssumeRole: Sendable {
    /// The identity of this Penstock installation, with which it assumes its users' roles.
    package var identity: AWSCredentials
    package var region: String
    /// Of STS, without a trailing slash.
    package var endpoint: String

    /// From the usual AWS environment variables; nil where they hold no key.
    package init?(environment: [String: String]) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let key = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") else { return nil }
        identity = AWSCredentials(accessKeyID: key, secretKey: secret, sessionToken: value("AWS_SESSION_TOKEN"))
        region = value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") ?? "us-east-1"
        var endpoint =
            value("AWS_ENDPOINT_URL_STS") ?? "https://sts.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        self.endpoint = endpoint
    }

    /// What to do where there is no identity.
    package static let missingIdentity =
        "cannot be assumed: AssumeRole needs an AWS identity of Penstock itself. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary keys) in its environment, or use authentication IAM_USER"

    package var host: String { String(endpoint.split(separator: "/").last ?? "") }

    package struct Request: Sendable {
        package var url: String
        package var headers: [AWSRequest.Item]
        package var body: [UInt8]
    }

    /// To be sent with POST. `session` shows up in the role owner's CloudTrail.
    package func request(role: String, session: String, seconds: Int, at time: AWSTimestamp) -> Request {
        let form = [
            ("Action", "AssumeRole"), ("DurationSeconds", String(seconds)), ("RoleArn", role), ("RoleSessionName", session),
            ("Version", "2011-06-15"),
        ]
        let body = Array(form.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&").utf8)
        let contentType = AWSRequest.Item("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        let request = AWSRequest(method: "POST", host: host, headers: [contentType], payload: .bytes(body))
        let signed = AWSSigner(credentials: identity, region: region, service: "sts").headers(for: request, at: time)
        return Request(url: "\(endpoint)/", headers: [contentType] + signed, body: body)
    }

    /// The session of a role.
    package struct Session: Sendable {
        package var credentials: AWSCredentials
        /// RFC 3339, without a fraction.
        package var expiration: String
    }

    /// Why there is no session.
    package struct Refusal: Error, Hashable, Sendable {
        package var isPassing: Bool
        /// What a sentence about the role goes on with.
        package var message: String
    }

    package static func session(status: Int, body: [UInt8], role: String) throws(Refusal) -> Session {
        guard let document = try? XMLElement(parsing: body) else {
            throw Refusal(isPassing: true, message: "could not be assumed: STS answered AssumeRole with HTTP \(status) and no XML")
        }
        guard status == 200 else {
            let code = document.descendant("Code")?.text ?? ""
            let message = document.descendant("Message")?.text ?? ""
            throw Refusal(
                isPassing: status >= 500 || ["Throttling", "ThrottlingException", "RequestLimitExceeded"].contains(code),
                message:
                    "could not be assumed: Penstock's identity is not authorized for AssumeRole on '\(role)', or the role does not exist; let the role trust it (\(code.isEmpty ? "HTTP \(status)" : code): \(message))"
            )
        }
        guard let issued = document.descendant("Credentials"), let key = issued["AccessKeyId"]?.text,
            let secret = issued["SecretAccessKey"]?.text, let token = issued["SessionToken"]?.text,
            let expiration = issued["Expiration"]?.text
        else { throw Refusal(isPassing: true, message: "could not be assumed: STS answered AssumeRole without complete credentials") }
        // Some emulators send a fraction.
        let whole = expiration.utf8.contains(UInt8(ascii: ".")) ? String(expiration.prefix { $0 != "." }) + "Z" : expiration
        return Session(credentials: AWSCredentials(accessKeyID: key, secretKey: secret, sessionToken: token), expiration: whole)
    }
}
