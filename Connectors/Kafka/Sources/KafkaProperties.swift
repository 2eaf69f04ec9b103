package import PipeCore

/// What librdkafka is told, by the names of its CONFIGURATION.md. Holds secrets.
package struct KafkaProperties: Hashable, Sendable, Confidential {
    package private(set) var values: [String: String]

    package init(values: [String: String]) { self.values = values }

    package subscript(name: String) -> String? {
        get { values[name] }
        set { values[name] = newValue }
    }
}

extension KafkaProperties {
    /// How the brokers are reached and as whom.
    ///
    /// TLS is used wherever the configuration has an authentication or a certificate authority, always with the names and the chain of
    /// the brokers' certificates checked; a broker that asks for nothing is spoken to in plain text.
    package init(connecting configuration: KafkaConfiguration, client: String) {
        values = [
            "bootstrap.servers": KafkaConfiguration.elements(configuration.brokers).joined(separator: ","),
            "client.id": client,
            // Topics are the user's to make.
            "allow.auto.create.topics": "false",
            // A raised number of partitions is noticed within this time.
            "topic.metadata.refresh.interval.ms": "10000",
            "reconnect.backoff.ms": "100",
            "reconnect.backoff.max.ms": "2000",
            "socket.keepalive.enable": "true",
            "log.connection.close": "false",
        ]
        var mechanism: String?
        let credentials = configuration.credentials
        switch configuration.authentication {
        case .plain where configuration.type == .azureeventhub:
            mechanism = "PLAIN"
            values["sasl.username"] = "$ConnectionString"
            values["sasl.password"] = credentials?.connectionString
        case .plain, .scramSHA256, .scramSHA512:
            mechanism = configuration.authentication?.rawValue
            values["sasl.username"] = credentials?.username
            values["sasl.password"] = credentials?.password
        case .iamUser, .iamRole: mechanism = "OAUTHBEARER"
        case .mutualTLS:
            values["ssl.certificate.pem"] = credentials?.certificate
            values["ssl.key.pem"] = credentials?.privateKey
        case .workloadIdentity, nil: break
        }
        let usesTLS = configuration.authentication != nil || configuration.caCertificate != nil
        values["security.protocol"] = (mechanism == nil ? "" : "sasl_") + (usesTLS ? "ssl" : "plaintext")
        values["sasl.mechanisms"] = mechanism
        if usesTLS {
            values["enable.ssl.certificate.verification"] = "true"
            values["ssl.endpoint.identification.algorithm"] = "https"
            values["ssl.ca.pem"] = configuration.caCertificate
        }
    }

    /// What every reader is told besides: positions are kept by Penstock, memory is bounded, nothing is skipped silently.
    package mutating func read(_ sizes: KafkaSizes, committedOnly: Bool) {
        values.merge([
            "enable.auto.commit": "false",
            "enable.auto.offset.store": "false",
            "auto.offset.reset": "error",
            "enable.partition.eof": "true",
            "isolation.level": committedOnly ? "read_committed" : "read_uncommitted",
            "fetch.wait.max.ms": "100",
            "queued.max.messages.kbytes": String(sizes.queueBytes >> 10),
            "queued.min.messages": String(sizes.queueMessages),
            "fetch.max.bytes": String(sizes.fetchBytes),
            "fetch.message.max.bytes": String(sizes.partitionFetchBytes),
            // A message above the limit must still arrive, to be rejected by name.
            "receive.message.max.bytes": String(max(100_000_000, 3 * sizes.largestMessage)),
        ]) { $1 }
    }

    /// What a member of the group is told besides.
    package mutating func join(group: String) {
        values.merge([
            "group.id": group,
            // Both are known to every Kafka client; round robin spreads topics with few partitions.
            "partition.assignment.strategy": "roundrobin,range",
            // A member that died is missed after this long.
            "session.timeout.ms": "10000",
            "heartbeat.interval.ms": "3000",
            "max.poll.interval.ms": "300000",
        ]) { $1 }
    }
}

/// The sizes that follow from the memory of a replica.
package struct KafkaSizes: Hashable, Sendable {
    /// Most bytes of a batch (28 MiB for each GiB, as ClickPipes documents), at least 8 MiB.
    package var batchBytes: Int
    package var batchRows = 100_000
    /// Bytes that librdkafka may hold ahead of the reader.
    package var queueBytes: Int
    /// Messages that it may hold: each takes some 300 bytes besides its own.
    package var queueMessages = 300_000
    package var fetchBytes: Int
    package var partitionFetchBytes: Int
    /// 16 MB for the smallest replica, else 32 MB.
    package var largestMessage: Int

    package init(_ scaling: PipeScaling) {
        let memory = scaling.replicaMemoryGb
        batchBytes = max(8 << 20, Int(memory * 28 * 1_048_576))
        queueBytes = min(max(16 << 20, Int(memory * 16 * 1_048_576)), 256 << 20)
        fetchBytes = queueBytes / 2
        partitionFetchBytes = 1 << 20
        largestMessage = memory <= 0.5 ? 16_000_000 : 32_000_000
    }
}
