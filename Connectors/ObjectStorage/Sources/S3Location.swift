import FoundationEssentials

/// Where a bucket is and which of its keys are wanted: what `source.objectStorage.url` says.
///
/// Requests always name the bucket in the path, which every provider accepts and which works with dots in bucket names over TLS.
package struct S3Location: Hashable, Sendable, CustomStringConvertible {
    /// `http` or `https`.
    package var scheme: String
    /// With `:port` where the URL has one.
    package var host: String
    package var bucket: String
    /// For signatures.
    package var region: String
    package var glob: KeyGlob
    /// AWS's own S3: the host follows from the region.
    package var isAWS: Bool

    /// Without a trailing slash.
    package var endpoint: String { "\(scheme)://\(host)/\(bucket)" }
    package var description: String { endpoint }

    /// `kind` is the `type` of the source: `s3`, `dospaces`, `cloudflarer2` or `ovhobjectstorage`.
    package init(url: String, kind: String = "s3") throws(ObjectStorageError) {
        guard let colon = url.utf8.firstIndex(of: UInt8(ascii: ":")), url[colon...].hasPrefix("://") else {
            throw .url("must begin with https://, http:// or s3://")
        }
        let scheme = url[..<colon].lowercased()
        let rest = url[colon...].dropFirst(3)
        let slash = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let authority = String(rest[..<slash])
        var path = rest[slash...].dropFirst()
        if authority.contains("@") { throw .url("must not hold credentials; use source.objectStorage.accessKey") }

        let address: S3Address
        switch scheme {
        case "s3":
            guard kind == "s3" else {
                throw .url("must be the https:// address of the bucket: s3:// does not say where the provider's endpoint is")
            }
            address = S3Address(host: "s3.amazonaws.com", bucket: authority, region: "us-east-1", isAWS: true)
        case "http", "https":
            try Self.check(authority: authority)
            // Clients leave a default port out of the Host header, which is signed.
            let defaultPort = scheme == "http" ? ":80" : ":443"
            let host = authority.hasSuffix(defaultPort) ? authority.dropLast(defaultPort.utf8.count) : authority[...]
            address = try S3Address(recognizing: host.lowercased())
        default: throw .url("must begin with https://, http:// or s3://, not with \(scheme)://")
        }
        var bucket = address.bucket
        if bucket == nil {
            let end = path.utf8.firstIndex(of: UInt8(ascii: "/")) ?? path.endIndex
            bucket = String(path[..<end])
            path = path[end...].dropFirst()
        }
        guard let bucket, Self.isBucketName(bucket) else {
            throw .url(
                "names no valid bucket ('\(bucket ?? "")'): write https://<host>/<bucket>/<keys> with a bucket of 3 to 63 letters, digits, '-', '.' or '_'"
            )
        }
        if path.isEmpty { throw .url("names a bucket but no keys: add a key or a pattern such as /data/*.json") }
        self.scheme = scheme == "s3" ? "https" : scheme
        host = address.host
        self.bucket = bucket
        region = address.region
        isAWS = address.isAWS
        do {
            glob = try KeyGlob(parsing: path)
        } catch {
            throw .url(error.message)
        }
    }

    /// The same bucket in another region of AWS; another provider keeps its host and only signs differently.
    package func moved(to region: String) -> S3Location {
        var moved = self
        moved.region = region
        if isAWS { moved.host = "s3.\(region).amazonaws.com\(region.hasPrefix("cn-") ? ".cn" : "")" }
        return moved
    }

    private static func check(authority: String) throws(ObjectStorageError) {
        let parts = authority.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let isBracketed = authority.hasPrefix("[")
        if !isBracketed, parts.count == 2, UInt16(parts[1]) == nil {
            throw .url("has the port '\(parts[1])', which is not a number up to 65535")
        }
        let name = isBracketed ? authority : String(parts.first ?? "")
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "-._:[]".utf8.contains(byte)
            }
        }
        if name.isEmpty || !isPlain { throw .url("names no valid host: '\(name)'") }
    }

    /// Looser than today's rules of AWS: old and foreign buckets may have upper case and underscores.
    private static func isBucketName(_ name: String) -> Bool {
        (3...255).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._".utf8.contains(byte)
                }
            }
    }
}

/// What the host of a URL says by itself.
package struct S3Address: Hashable, Sendable {
    /// The host for requests that name the bucket in the path.
    package var host: String
    /// Nil when the bucket is the first part of the URL's path.
    package var bucket: String?
    package var region: String
    package var isAWS = false
}

extension S3Address {
    /// Knows the hosts of AWS, DigitalOcean Spaces, Cloudflare R2 and OVHcloud; every other host is an S3-compatible endpoint that
    /// takes the bucket in the path and is signed for `us-east-1`.
    package init(recognizing host: String) throws(ObjectStorageError) {
        self.init(host: host, bucket: nil, region: "us-east-1")
        if host.contains(":") { return }
        for suffix in [".amazonaws.com", ".amazonaws.com.cn"] where host.hasSuffix(suffix) {
            self = try Self.aws(labels: host.dropLast(suffix.utf8.count).split(separator: "."), suffix: suffix)
            return
        }
        if host.hasSuffix(".digitaloceanspaces.com") {
            try readDigitalOcean(host)
        } else if host.hasSuffix(".r2.cloudflarestorage.com") {
            readCloudflare(host)
        } else {
            readOVH(host)
        }
    }

    /// `[bucket.]s3[.dualstack][.region]` or the old `[bucket.]s3-region`.
    private static func aws(labels: [Substring], suffix: String) throws(ObjectStorageError) -> S3Address {
        func address(_ region: Substring?, bucketLabels: Int) -> S3Address {
            let region = region.map(String.init) ?? "us-east-1"
            let bucket = labels.prefix(bucketLabels).joined(separator: ".")
            let host = labels.dropFirst(bucketLabels).joined(separator: ".") + suffix
            return S3Address(host: host, bucket: bucket.isEmpty ? nil : bucket, region: region, isAWS: true)
        }
        let count = labels.count
        guard let last = labels.last else { throw .url("names no host of Amazon S3") }
        if last == "s3" { return address(nil, bucketLabels: count - 1) }
        if last == "s3-accelerate" || last.hasPrefix("s3-website") || (count >= 2 && labels[count - 2].hasPrefix("s3-website")) {
            throw .url("names a website or acceleration host; use the bucket's plain address, https://<bucket>.s3.<region>.amazonaws.com")
        }
        if last.hasPrefix("s3-") { return address(last.dropFirst(3), bucketLabels: count - 1) }
        if count >= 2, labels[count - 2] == "s3" || labels[count - 2] == "s3-fips" { return address(last, bucketLabels: count - 2) }
        if count >= 3, labels[count - 2] == "dualstack", labels[count - 3] == "s3" { return address(last, bucketLabels: count - 3) }
        throw .url("names no host of Amazon S3; write https://<bucket>.s3.<region>.amazonaws.com/<keys>")
    }

    /// `[bucket.]region.digitaloceanspaces.com`
    private mutating func readDigitalOcean(_ host: String) throws(ObjectStorageError) {
        let labels = host.split(separator: ".").dropLast(2)
        guard let region = labels.last else { return }
        if region == "cdn" { throw .url("names the CDN of a Space; use its origin, https://<space>.<region>.digitaloceanspaces.com") }
        self.host = "\(region).digitaloceanspaces.com"
        self.region = String(region)
        takeBucket(labels.dropLast())
    }

    /// `[bucket.]account[.jurisdiction].r2.cloudflarestorage.com`; the region of every bucket is `auto`.
    private mutating func readCloudflare(_ host: String) {
        let labels = host.split(separator: ".").dropLast(3)
        let account = labels.count > 1 && ["eu", "fedramp"].contains(labels.last ?? "") ? labels.suffix(2) : labels.suffix(1)
        self.host = (account + ["r2", "cloudflarestorage", "com"]).joined(separator: ".")
        region = "auto"
        takeBucket(labels.dropLast(account.count))
    }

    /// `[bucket.]s3.region.class.cloud.ovh.net` (or `.us`)
    private mutating func readOVH(_ host: String) {
        let labels = host.split(separator: ".")
        guard host.hasSuffix(".cloud.ovh.net") || host.hasSuffix(".cloud.ovh.us"), labels.count >= 6 else { return }
        let s3 = labels.count - 6
        guard labels[s3] == "s3" else { return }
        self.host = labels[s3...].joined(separator: ".")
        region = String(labels[s3 + 1])
        takeBucket(labels[..<s3])
    }

    private mutating func takeBucket(_ labels: ArraySlice<Substring>) {
        if !labels.isEmpty { bucket = labels.joined(separator: ".") }
    }
}
