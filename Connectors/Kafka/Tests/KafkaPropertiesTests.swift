import CloudSigning
import KafkaConnector
import PipeCore
import Testing

@Suite struct KafkaPropertiesTests {
    static let certificate = "-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----"
    static let key = "-----BEGIN PRIVATE KEY-----\nB\n-----END PRIVATE KEY-----"
    /// What every connection has.
    static let common = [
        "bootstrap.servers": "a:9092,b:9093", "client.id": "c", "allow.auto.create.topics": "false",
        "topic.metadata.refresh.interval.ms": "10000", "reconnect.backoff.ms": "100", "reconnect.backoff.max.ms": "2000",
        "socket.keepalive.enable": "true", "log.connection.close": "false",
    ]
    static let checked = ["enable.ssl.certificate.verification": "true", "ssl.endpoint.identification.algorithm": "https"]

    private func properties(_ changes: JSONValue) throws -> [String: String] {
        var document: JSONValue = ["type": "kafka", "format": "JSONEachRow", "brokers": "a:9092, b:9093", "topics": "t"]
        for (name, value) in changes.object ?? [:] { document[name] = value }
        let values = KafkaProperties(connecting: try document.decode(KafkaConfiguration.self), client: "c").values
        for (name, value) in Self.common { #expect(values[name] == value) }
        return values.filter { Self.common[$0.key] == nil }
    }

    @Test func plainTextWithoutAnything() throws { #expect(try properties([:]) == ["security.protocol": "plaintext"]) }

    @Test func anAuthorityTurnsTLSOn() throws {
        let wanted = ["security.protocol": "ssl", "ssl.ca.pem": Self.certificate].merging(Self.checked) { $1 }
        #expect(try properties(["caCertificate": .string(Self.certificate)]) == wanted)
    }

    @Test(arguments: ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
    func userAndPassword(mechanism: String) throws {
        let wanted = [
            "security.protocol": "sasl_ssl", "sasl.mechanisms": mechanism, "sasl.username": "u", "sasl.password": "p",
        ].merging(Self.checked) { $1 }
        #expect(try properties(["authentication": .string(mechanism), "credentials": ["username": "u", "password": "p"]]) == wanted)
    }

    @Test func eventHubs() throws {
        let wanted = [
            "security.protocol": "sasl_ssl", "sasl.mechanisms": "PLAIN", "sasl.username": "$ConnectionString",
            "sasl.password": "Endpoint=sb://x",
        ].merging(Self.checked) { $1 }
        #expect(
            try properties(["type": "azureeventhub", "authentication": "PLAIN", "credentials": ["connectionString": "Endpoint=sb://x"]])
                == wanted)
    }

    @Test func mutualTLS() throws {
        let wanted = [
            "security.protocol": "ssl", "ssl.certificate.pem": Self.certificate, "ssl.key.pem": Self.key, "ssl.ca.pem": "CA",
        ].merging(Self.checked) { $1 }
        #expect(
            try properties([
                "authentication": "MUTUAL_TLS", "caCertificate": "CA",
                "credentials": ["certificate": .string(Self.certificate), "privateKey": .string(Self.key)],
            ]) == wanted)
    }

    @Test(arguments: ["IAM_USER", "IAM_ROLE"])
    func amazon(authentication: String) throws {
        let wanted = ["security.protocol": "sasl_ssl", "sasl.mechanisms": "OAUTHBEARER"].merging(Self.checked) { $1 }
        #expect(
            try properties([
                "type": "msk", "authentication": .string(authentication), "credentials": ["accessKeyId": "a", "secretKey": "s"],
            ]) == wanted)
    }

    @Test func readingAndJoining() {
        var properties = KafkaProperties(values: [:])
        properties.read(KafkaSizes(PipeScaling()), committedOnly: true)
        properties.join(group: "g")
        #expect(properties["isolation.level"] == "read_committed")
        #expect(properties["enable.auto.commit"] == "false")
        #expect(properties["enable.auto.offset.store"] == "false")
        #expect(properties["auto.offset.reset"] == "error")
        #expect(properties["queued.max.messages.kbytes"] == "16384")
        #expect(properties["group.id"] == "g")
        #expect(String(describing: properties) == "KafkaProperties(…)")
    }

    @Test func sizesFollowTheMemory() {
        let small = KafkaSizes(PipeScaling())
        #expect(small.batchBytes == 14 << 20)
        #expect(small.largestMessage == 16_000_000)
        let large = KafkaSizes(PipeScaling(replicaMemoryGb: 8))
        #expect(large.batchBytes == 224 << 20)
        #expect(large.largestMessage == 32_000_000)
        #expect(large.queueBytes == 128 << 20)
    }
}

@Suite struct MSKTokenTests {
    @Test func theTokenIsAPresignedRequest() async throws {
        let mint = MSKTokenMint(
            region: "eu-west-1", credentials: { AWSCredentials(accessKeyID: "AKID", secretKey: "secret", sessionToken: "a/b+c") },
            now: { 1_700_000_000 })
        let token = try await mint.token()
        #expect(token.endMilliseconds == 1_700_000_900_000)
        #expect(!token.value.contains("=") && !token.value.contains("+") && !token.value.contains("/"))
        let url = try #require(Self.decoded(token.value))
        #expect(
            url.hasPrefix(
                "https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256"
                    + "&X-Amz-Credential=AKID%2F20231114%2Feu-west-1%2Fkafka-cluster%2Faws4_request&X-Amz-Date=20231114T221320Z&X-Amz-Expires=900"
                    + "&X-Amz-Security-Token=a%2Fb%2Bc&X-Amz-Signature="))
        #expect(url.hasSuffix("&X-Amz-SignedHeaders=host&User-Agent=penstock"))
        #expect(String(describing: token) == "KafkaToken(…)")
    }

    @Test func theRegionIsInTheBrokersNames() {
        #expect(MSKTokenMint.region(ofBrokers: "b-1.e.abc.c2.kafka.eu-west-1.amazonaws.com:9098,b-2.e:9098") == "eu-west-1")
        #expect(MSKTokenMint.region(ofBrokers: "boot-x.c1.kafka-serverless.us-east-1.amazonaws.com:9098") == "us-east-1")
        #expect(MSKTokenMint.region(ofBrokers: "b.kafka.cn-north-1.amazonaws.com.cn:9098") == "cn-north-1")
        #expect(MSKTokenMint.region(ofBrokers: "kafka.internal:9098,localhost:1") == nil)
    }

    /// URL-safe base64, by the book and bit by bit.
    static func decoded(_ text: String) -> String? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        var (bits, count, bytes): (UInt32, Int, [UInt8]) = (0, 0, [])
        for character in text {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
