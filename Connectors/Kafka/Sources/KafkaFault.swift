internal import CRdKafka
package import PipeCore

/// What librdkafka or a broker complains about.
package struct KafkaFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// A `rd_kafka_resp_err_t`: below zero librdkafka's own, above zero a broker's.
    package var code: Int32
    /// What librdkafka says to it; holds addresses, never credentials.
    package var reason: String

    package init(code: Int32, reason: String = "") {
        self.code = code
        self.reason = reason.isEmpty ? Self.text(code) : reason
    }

    /// `BROKER_NAME: text`
    package var description: String { reason }

    /// The name of the code, for example `UNKNOWN_TOPIC_OR_PART`.
    package var name: String { rd_kafka_err2name(rd_kafka_resp_err_t(rawValue: code)).map { String(cString: $0) } ?? String(code) }

    private static func text(_ code: Int32) -> String {
        rd_kafka_err2str(rd_kafka_resp_err_t(rawValue: code)).map { String(cString: $0) } ?? "error \(code)"
    }
}

extension KafkaFault {
    init(_ code: rd_kafka_resp_err_t, _ reason: String = "") { self.init(code: code.rawValue, reason: reason) }

    /// Takes over what librdkafka returned.
    init?(consuming error: OpaquePointer?) {
        guard let error else { return nil }
        self.init(rd_kafka_error_code(error), rd_kafka_error_string(error).map { String(cString: $0) } ?? "")
        rd_kafka_error_destroy(error)
    }

    func isOne(of codes: rd_kafka_resp_err_t...) -> Bool { codes.contains { $0.rawValue == code } }

    /// The brokers could not be reached for now; librdkafka goes on trying.
    var isConnectionLoss: Bool {
        isOne(
            of: RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, RD_KAFKA_RESP_ERR__TIMED_OUT,
            RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE)
            || (isOne(of: RD_KAFKA_RESP_ERR__SSL) && !isCertificateTrouble)
    }

    /// Says only that nobody can be reached.
    var isSummary: Bool { isOne(of: RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) }

    /// Told of a connection and not healed by making another.
    var endsConnection: Bool { problem.disposition == .user && !isMissingTopic }

    private var isCertificateTrouble: Bool { reason.lowercased().contains("certificate") }

    var isMissingTopic: Bool {
        isOne(
            of: RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
    }
    var isEndOfPartition: Bool { isOne(of: RD_KAFKA_RESP_ERR__PARTITION_EOF) }
    var isOutOfRange: Bool { isOne(of: RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) }

    /// The error of a pipe, saying who must act.
    package func pipeError(_ brokers: String, topic: String? = nil) -> PipeError {
        let problem = problem
        let place = topic.map { "topic '\($0)' at \(brokers)" } ?? brokers
        return PipeError(
            problem.code, problem.disposition, side: .source, "failed to access \(place): \(reason) (\(name)). \(problem.advice)")
    }

    /// Of a topic that was there, and may come back.
    func waiting(_ brokers: String, topic: String? = nil) -> PipeError {
        var error = pipeError(brokers, topic: topic)
        error.disposition = .retry
        error.message += ". The pipe has read of this topic before: it waits for it to come back"
        return error
    }

    /// The field of the configuration that this is about.
    package var field: String { problem.field }

    private var problem: (code: PipeError.Code, disposition: Disposition, field: String, advice: String) {
        switch rd_kafka_resp_err_t(rawValue: code) {
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE:
            return (
                .sourceDenied, .user, "credentials",
                "Check source.kafka.credentials, and that the brokers accept source.kafka.authentication"
            )
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
            return (.sourceDenied, .user, "topics", "Grant the pipe's user Describe and Read on the topic")
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
            return (.sourceDenied, .user, "consumerGroup", "Grant the pipe's user Read on the group in source.kafka.consumerGroup")
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
            return (.sourceDenied, .user, "authentication", "Grant the pipe's user access to the cluster")
        case RD_KAFKA_RESP_ERR__SSL where isCertificateTrouble:
            return (
                .sourceDenied, .user, "caCertificate",
                "The brokers' certificate is not trusted or does not carry their name, or they want a client certificate: set source.kafka.caCertificate to the authority that signed it, and use the brokers' names as they stand in it"
            )
        case RD_KAFKA_RESP_ERR__SSL:
            return (
                .sourceUnreachable, .retry, "brokers",
                "Check that the port in source.kafka.brokers speaks TLS: it is used whenever an authentication or a caCertificate is set"
            )
        case RD_KAFKA_RESP_ERR__RESOLVE, RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
            RD_KAFKA_RESP_ERR__TIMED_OUT, RD_KAFKA_RESP_ERR__WAIT_COORD, RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
            return (
                .sourceUnreachable, .retry, "brokers",
                "Check source.kafka.brokers, the network between, and whether the brokers want TLS"
            )
        case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
            RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
            return (.sourceMissing, .user, "topics", "Make the topic, or correct source.kafka.topics")
        case RD_KAFKA_RESP_ERR__INVALID_ARG, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
            return (.sourceDenied, .user, "credentials", "Check the source's certificates and credentials")
        case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
            return (
                .sourceDenied, .user, "consumerGroup",
                "Other members of the group spread partitions in a way that cannot be mixed with round robin and range: use a group of its own"
            )
        case RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED:
            return (.sourceDenied, .user, "consumerGroup", "Lower scaling.replicas or raise the broker's group.max.size")
        default:
            return (.sourceUnreachable, .retry, "brokers", "It is tried again")
        }
    }
}
