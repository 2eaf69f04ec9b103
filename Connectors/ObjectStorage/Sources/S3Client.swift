import CloudSigning
package import FoundationEssentials
package import PipeCore

/// Reads the listing of one bucket (S3 `ListObjectsV2`, `HeadObject`). When the bucket turns out to be in another region, says so
/// only if asking there fails too, and remembers the region.
package actor S3Client: ObjectListing {
    /// The most that S3 returns at once.
    package static let pageSize = 1000

    package private(set) var location: S3Location
    private let authority: S3Authority
    private let transport: any HTTPTransport
    private let now: @Sendable () -> Date

    package init(
        _ location: S3Location, as authority: S3Authority, transport: any HTTPTransport = NetworkTransport(),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.location = location
        self.authority = authority
        self.transport = transport
        self.now = now
    }

    package func remoteLocation() async throws(ObjectStorageError) -> RemoteLocation {
        let credentials = try await authority.credentials().map {
            S3Credentials(accessKeyID: $0.accessKeyID, secretKey: $0.secretKey, sessionToken: $0.sessionToken)
        }
        return .s3(endpoint: location.endpoint, bucket: location.bucket, credentials: credentials)
    }

    package func page(prefix: String, after key: String?, continuation: String?) async throws(ObjectStorageError) -> ListingPage {
        var query = [
            AWSRequest.Item("list-type", "2"), AWSRequest.Item("encoding-type", "url"),
            AWSRequest.Item("max-keys", String(Self.pageSize)), AWSRequest.Item("prefix", prefix),
        ]
        if let continuation {
            query.append(AWSRequest.Item("continuation-token", continuation))
        } else if let key {
            query.append(AWSRequest.Item("start-after", key))
        }
        let reply = try await send("GET", query: query)
        guard reply.status == 200 else { throw await error(reply, doing: "listing") }
        do {
            return try ListObjectsReply.page(reply.body)
        } catch {
            throw ObjectStorageError(
                .sourceUnreachable, .retry, "url", "failed to access \(location.endpoint): its answer is not a listing (\(error))")
        }
    }

    package func object(_ key: String) async throws(ObjectStorageError) -> RemoteObject? {
        let reply = try await send("HEAD", key: key)
        guard reply.status == 200 else {
            // The answer to HEAD has no body, so that it does not tell a missing object from a missing bucket or a wrong key.
            let detailed = try await readFirstByte(of: key)
            if let detailed, S3Failure(detailed).code == "NoSuchKey" { return nil }
            throw await error(detailed ?? reply, doing: "reading")
        }
        guard let size = reply.headers["content-length"].flatMap({ Int($0) }) else {
            throw ObjectStorageError(
                .sourceUnreachable, .retry, "url", "failed to access \(location.endpoint): the object's size is missing in the answer")
        }
        return RemoteObject(
            key: key, size: size, etag: ListObjectsReply.unquoted(reply.headers["etag"] ?? ""),
            lastModified: reply.headers["last-modified"].map { HTTPDate.rfc3339($0) ?? $0 } ?? "")
    }

    /// Proves that the object's content may be read.
    package func checkReadable(_ key: String) async throws(ObjectStorageError) {
        if let failure = try await readFirstByte(of: key) { throw await error(failure, doing: "reading") }
    }

    /// Nil when it worked; an object without a first byte answers 416.
    private func readFirstByte(of key: String) async throws(ObjectStorageError) -> TransportReply? {
        let reply = try await send("GET", key: key, headers: [AWSRequest.Item("range", "bytes=0-0")])
        return [200, 206, 416].contains(reply.status) ? nil : reply
    }

    private func error(_ reply: TransportReply, doing action: String) async -> ObjectStorageError {
        var isSigned = true
        if case .anonymous = authority { isSigned = false }
        return ObjectStorageError(S3Failure(reply), at: location, doing: action, isSigned: isSigned)
    }

    /// Asks once more where the answer names another region for the bucket.
    private func send(
        _ method: String, key: String? = nil, query: [AWSRequest.Item] = [], headers: [AWSRequest.Item] = []
    ) async throws(ObjectStorageError) -> TransportReply {
        let asked = location
        let reply = try await exchange(method, at: asked, key: key, query: query, headers: headers)
        guard reply.status >= 300, reply.status != 416, let region = S3Failure(reply).region, region != asked.region else { return reply }
        let moved = asked.moved(to: region)
        let second = try await exchange(method, at: moved, key: key, query: query, headers: headers)
        if second.status < 300 { location = moved }
        // A second redirect is reported with the first answer's region.
        return S3Failure(second).isRedirect ? reply : second
    }

    private func exchange(
        _ method: String, at place: S3Location, key: String?, query: [AWSRequest.Item], headers: [AWSRequest.Item]
    ) async throws(ObjectStorageError) -> TransportReply {
        let request = AWSRequest(
            method: method, host: place.host, path: "/\(place.bucket)" + (key.map { "/\($0)" } ?? ""), query: query, headers: headers)
        var sent = headers
        if let credentials = try await authority.credentials() {
            let signer = AWSSigner(credentials: credentials, region: place.region, service: "s3")
            sent += signer.headers(for: request, at: AWSTimestamp(secondsSince1970: now().timeIntervalSince1970))
        }
        do {
            return try await transport.send(
                TransportRequest(
                    method: method, url: "\(place.scheme)://\(place.host)\(request.target)", headers: sent.map { ($0.name, $0.value) }))
        } catch {
            throw ObjectStorageError(
                .sourceUnreachable, .retry, "url",
                "failed to access \(place.endpoint): \(NetworkFailure.text(error, reaching: place.host))")
        }
    }
}
