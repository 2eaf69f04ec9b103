public import PipeCore

extension KafkaConfiguration {
    public func problems() -> [Problem] {
        addressProblems() + authenticationProblems() + offsetProblems() + registryProblems()
    }

    private func problem(_ field: String, _ message: String) -> Problem { Problem(Self.path[field], message) }

    private func addressProblems() -> [Problem] {
        var problems: [Problem] = []
        for broker in Self.elements(brokers) {
            let colon = broker.lastIndex(of: ":")
            let port = colon.flatMap { Int(broker[broker.index(after: $0)...]) }
            let host = colon.map { broker[..<$0] } ?? ""
            if host.isEmpty || host.contains("/") || host.contains(where: \.isWhitespace) || !(1...65535).contains(port ?? 0) {
                problems.append(problem("brokers", "must be comma separated host:port; '\(broker)' is not"))
            }
        }
        for topic in Self.elements(topics) where topic.wholeMatch(of: /[a-zA-Z0-9._-]{1,249}/) == nil {
            problems.append(problem("topics", "must be comma separated names of letters, digits, '.', '_' and '-'; '\(topic)' is not"))
        }
        return problems
    }

    /// Elements of a comma separated list without the blanks around them.
    static func elements(_ list: String) -> [Substring] {
        list.split(separator: ",", omittingEmptySubsequences: false).map { element in
            let start = element.drop { $0.isWhitespace }
            return start.lastIndex { !$0.isWhitespace }.map { start[...$0] } ?? ""
        }
    }

    /// The authentications each kind of broker knows (ClickHouse Cloud OpenAPI, `ClickPipePostKafkaSource`).
    private var authentications: [Authentication] {
        switch type {
        case .kafka: [.plain, .scramSHA256, .scramSHA512, .mutualTLS]
        case .msk: [.scramSHA512, .iamRole, .iamUser, .mutualTLS]
        case .gcmk: [.plain, .mutualTLS, .workloadIdentity]
        case .confluent: [.plain, .mutualTLS]
        case .warpstream, .azureeventhub: [.plain]
        case .redpanda: [.scramSHA256, .scramSHA512, .mutualTLS]
        case .dokafka: [.scramSHA256, .mutualTLS]
        }
    }

    /// The members of `credentials` that type and authentication ask for.
    private var credentialMembers: Set<String> {
        switch authentication {
        case .plain: type == .azureeventhub ? ["connectionString"] : ["username", "password"]
        case .scramSHA256, .scramSHA512: ["username", "password"]
        case .iamUser: ["accessKeyId", "secretKey"]
        case .mutualTLS: ["certificate", "privateKey"]
        case .iamRole, .workloadIdentity, nil: []
        }
    }

    private func authenticationProblems() -> [Problem] {
        if let authentication, !authentications.contains(authentication) {
            let names = authentications.map(\.rawValue).joined(separator: ", ")
            return [problem("authentication", "\(authentication.rawValue) is not supported for \(type.rawValue); use \(names)")]
        }
        var problems: [Problem] = []
        if authentication == .iamRole, iamRole == nil { problems.append(problem("iamRole", "is required for authentication IAM_ROLE")) }
        if authentication != .iamRole, iamRole != nil { problems.append(problem("iamRole", "is only for authentication IAM_ROLE")) }

        let given = credentials?.members ?? []
        let needed = credentialMembers
        let reason = authentication.map { "authentication \($0.rawValue) of \(type.rawValue)" } ?? "a source without authentication"
        let path = Self.path["credentials"]
        for member in needed.subtracting(given).sorted() { problems.append(Problem(path[member], "is required for \(reason)")) }
        for member in given.subtracting(needed).sorted() {
            problems.append(Problem(path[member], "is not used for \(reason); leave it out"))
        }
        return problems
    }

    private func offsetProblems() -> [Problem] {
        guard let offset else { return [] }
        let path = Self.path["offset"]["timestamp"]
        switch (offset.strategy, offset.timestamp) {
        case (.fromTimestamp, nil): return [Problem(path, "is required for from_timestamp")]
        case (.fromTimestamp, let timestamp?):
            return TimestampText.isMinute(timestamp) ? [] : [Problem(path, "must be UTC as YYYY-MM-DDTHH:MM")]
        case (_, nil): return []
        case (_, _?): return [Problem(path, "is only for from_timestamp")]
        }
    }

    private func registryProblems() -> [Problem] {
        if protobufSchema != nil, format != .protobuf { return [problem("protobufSchema", "is only for format Protobuf")] }
        guard let registry = schemaRegistry else {
            return format == .avroConfluent ? [problem("schemaRegistry", "is required for AvroConfluent")] : []
        }
        let path = Self.path["schemaRegistry"]
        var problems: [Problem] = []
        if protobufSchema != nil { problems.append(problem("protobufSchema", "cannot be used with schemaRegistry")) }
        let glue = [
            ("glueRegion", registry.glueRegion), ("glueRegistryName", registry.glueRegistryName), ("glueRoleArn", registry.glueRoleArn),
        ]
        if registry.type == .glue {
            for (name, value) in glue where value == nil && name != "glueRoleArn" {
                problems.append(Problem(path[name], "is required for a Glue registry"))
            }
            if registry.url != nil { problems.append(Problem(path["url"], "is not used for a Glue registry")) }
            return problems
        }
        for (name, value) in glue where value != nil { problems.append(Problem(path[name], "needs type to be glue")) }
        if let url = registry.url {
            if !SchemaRegistry.isValid(url: url) {
                problems.append(
                    Problem(
                        path["url"],
                        "must be an https or http URL: the registry's root, …/schemas/ids/<id>, or …/subjects/<subject>[/versions/<n>]"
                    ))
            }
        } else {
            problems.append(Problem(path["url"], "is required"))
        }
        if registry.authentication != nil || registry.credentials != nil {
            for (name, value) in [("username", registry.credentials?.username), ("password", registry.credentials?.password)]
            where value == nil {
                problems.append(Problem(path["credentials"][name], "is required for authentication PLAIN"))
            }
        }
        return problems
    }
}

extension KafkaConfiguration.Credentials {
    /// Names of the members that are given.
    fileprivate var members: Set<String> {
        let all = [
            ("username", username), ("password", password), ("accessKeyId", accessKeyId), ("secretKey", secretKey),
            ("connectionString", connectionString), ("certificate", certificate), ("privateKey", privateKey),
        ]
        return Set(all.filter { $0.1 != nil }.map(\.0))
    }
}

extension KafkaConfiguration.SchemaRegistry {
    /// An address, and where the path names schemas or subjects, completely. Plain `http` is Penstock's own: registries stand on
    /// trusted networks and loopback at least as often as behind TLS.
    static func isValid(url: String) -> Bool { RegistryLocation(url) != nil }
}
