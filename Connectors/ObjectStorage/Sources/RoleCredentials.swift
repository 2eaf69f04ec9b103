package import CloudSigning
package import FoundationEssentials
import PipeCore

/// The identity of this Penstock installation, with which it assumes its users' roles: the usual AWS environment variables.
package struct AmbientCredentials: Sendable {
    package var credentials: AWSCredentials
    package var region: String
    /// Of STS, without a trailing slash.
    package var endpoint: String

    package init(environment: [String: String]) throws(ObjectStorageError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        guard let key = value("AWS_ACCESS_KEY_ID"), let secret = value("AWS_SECRET_ACCESS_KEY") else {
            throw ObjectStorageError(
                .sourceDenied, .user, "iamRole",
                "cannot be assumed: AssumeRole needs an AWS identity of Penstock itself. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary keys) in its environment, or use authentication IAM_USER"
            )
        }
        credentials = AWSCredentials(accessKeyID: key, secretKey: secret, sessionToken: value("AWS_SESSION_TOKEN"))
        region = value("AWS_REGION") ?? value("AWS_DEFAULT_REGION") ?? "us-east-1"
        var endpoint =
            value("AWS_ENDPOINT_URL_STS") ?? "https://sts.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")"
        while endpoint.hasSuffix("/") { endpoint.removeLast() }
        self.endpoint = endpoint
    }
}

/// Temporary credentials of an IAM role, renewed before they end (STS `AssumeRole`, API version 2011-06-15).
package actor RoleCredentials {
    /// What STS is asked for; an hour is the most that every role allows.
    package static let lifetime: Duration = .seconds(3600)
    /// A batch is handed to ClickHouse with credentials that are good for at least this long.
    package static let margin: Duration = .seconds(1800)

    private let role: String
    private let sessionName: String
    private let environment: [String: String]
    private let transport: any HTTPTransport
    private let now: @Sendable () -> Date
    private var current: (credentials: AWSCredentials, end: Date)?

    /// `session` is the pipe's id: it shows up in the role owner's CloudTrail as `clickpipes-<id>`.
    package init(
        role: String, session: String, environment: [String: String] = ProcessInfo.processInfo.environment,
        transport: any HTTPTransport = NetworkTransport(), now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.role = role
        sessionName = String("clickpipes-\(session)".prefix(64))
        self.environment = environment
        self.transport = transport
        self.now = now
    }

    package func credentials() async throws(ObjectStorageError) -> AWSCredentials {
        if let current, current.end.timeIntervalSince(now()) > Double(Self.margin.components.seconds) { return current.credentials }
        let fresh = try await assume()
        current = fresh
        return fresh.credentials
    }

    private func assume() async throws(ObjectStorageError) -> (credentials: AWSCredentials, end: Date) {
        let ambient = try AmbientCredentials(environment: environment)
        let form = [
            ("Action", "AssumeRole"), ("DurationSeconds", String(Self.lifetime.components.seconds)), ("RoleArn", role),
            ("RoleSessionName", sessionName), ("Version", "2011-06-15"),
        ]
        let body = Array(form.map { "\($0.0)=\(PercentEncoding.encode($0.1))" }.joined(separator: "&").utf8)
        let host = String(ambient.endpoint.split(separator: "/").last ?? "")
        let contentType = AWSRequest.Item("content-type", "application/x-www-form-urlencoded; charset=utf-8")
        let request = AWSRequest(method: "POST", host: host, headers: [contentType], payload: .bytes(body))
        let signer = AWSSigner(credentials: ambient.credentials, region: ambient.region, service: "sts")
        let signed = signer.headers(for: request, at: AWSTimestamp(secondsSince1970: now().timeIntervalSince1970))
        let reply: TransportReply
        do {
            reply = try await transport.send(
                TransportRequest(
                    method: "POST", url: "\(ambient.endpoint)/", headers: ([contentType] + signed).map { ($0.name, $0.value) }, body: body))
        } catch {
            throw ObjectStorageError(
                .sourceUnreachable, .retry, "iamRole",
                "could not be assumed: \(NetworkFailure.text(error, reaching: host)) (AssumeRole)")
        }
        return try read(reply)
    }

    private func read(_ reply: TransportReply) throws(ObjectStorageError) -> (credentials: AWSCredentials, end: Date) {
        guard let document = try? XMLElement(parsing: reply.body) else {
            throw ObjectStorageError(
                .sourceUnreachable, .retry, "iamRole", "could not be assumed: STS answered AssumeRole with HTTP \(reply.status) and no XML")
        }
        guard reply.status == 200 else {
            let code = document.descendant("Code")?.text ?? ""
            let message = document.descendant("Message")?.text ?? ""
            let isPassing = reply.status >= 500 || ["Throttling", "ThrottlingException", "RequestLimitExceeded"].contains(code)
            throw ObjectStorageError(
                isPassing ? .sourceUnreachable : .sourceDenied, isPassing ? .retry : .user, "iamRole",
                "could not be assumed: Penstock's identity is not authorized for AssumeRole on '\(role)', or the role does not exist; let the role trust it (\(code.isEmpty ? "HTTP \(reply.status)" : code): \(message))"
            )
        }
        guard let issued = document.descendant("Credentials"), let key = issued["AccessKeyId"]?.text,
            let secret = issued["SecretAccessKey"]?.text,
            let token = issued["SessionToken"]?.text, let expiration = issued["Expiration"]?.text,
            let end = try? Date(expiration.hasFraction ? expiration.withoutFraction : expiration, strategy: .iso8601)
        else {
            throw ObjectStorageError(
                .sourceUnreachable, .retry, "iamRole", "could not be assumed: STS answered AssumeRole without complete credentials")
        }
        return (AWSCredentials(accessKeyID: key, secretKey: secret, sessionToken: token), end)
    }
}

extension String {
    /// An RFC 3339 time with a part after the seconds, which some emulators send.
    fileprivate var hasFraction: Bool { utf8.contains(UInt8(ascii: ".")) }
    fileprivate var withoutFraction: String { String(prefix { $0 != "." }) + "Z" }
}
