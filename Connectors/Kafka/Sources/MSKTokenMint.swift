package import CloudSigning
import PipeCore

/// Tokens for Amazon MSK: a presigned request `kafka-cluster:Connect`, as URL-safe base64 without padding.
///
/// Facts: "aws-msk-iam-sasl-signer" of AWS (the same for all its languages): GET https://kafka.<region>.amazonaws.com/ with
/// `Action=kafka-cluster:Connect`, signed for the service `kafka-cluster` for 900 seconds; `User-Agent` is added after the signature.
package struct MSKTokenMint: TokenMint {
    package static let lifetime = 900

    private let region: String
    private let credentials: @Sendable () async throws -> AWSCredentials
    private let now: @Sendable () -> Double

    /// - Parameter now: seconds since 1970.
    package init(region: String, credentials: @escaping @Sendable () async throws -> AWSCredentials, now: @escaping @Sendable () -> Double)
    {
        self.region = region
        self.credentials = credentials
        self.now = now
    }

    package func token() async throws -> KafkaToken {
        let credentials = try await credentials()
        let now = now()
        let host = "kafka.\(region).amazonaws.com"
        let request = AWSRequest(host: host, query: [AWSRequest.Item("Action", "kafka-cluster:Connect")])
        let signed = AWSSigner(credentials: credentials, region: region, service: "kafka-cluster")
            .presigned(request, at: AWSTimestamp(secondsSince1970: now), seconds: Self.lifetime)
        let url = "https://\(host)\(signed.target)&User-Agent=penstock"
        return KafkaToken(
            value: Self.base64URL(Array(url.utf8)), endMilliseconds: Int64((now + Double(Self.lifetime)) * 1000),
            principal: credentials.accessKeyID)
    }

    /// The region in a broker's name, such as `b-1.events.abc123.c2.kafka.eu-west-1.amazonaws.com` or
    /// `boot-xyz.c1.kafka-serverless.eu-west-1.amazonaws.com`.
    package static func region(ofBrokers brokers: String) -> String? {
        for broker in brokers.split(separator: ",") {
            let labels = broker.split(separator: ":")[0].split(separator: ".")
            guard let service = labels.lastIndex(where: { $0 == "kafka" || $0 == "kafka-serverless" }),
                labels.indices.contains(service + 2), labels[service + 2] == "amazonaws"
            else { continue }
            return String(labels[service + 1])
        }
        return nil
    }

    /// RFC 4648, section 5, without padding.
    private static func base64URL(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 4 / 3 + 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for place in 0...group.count { text.append(alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)]) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
