public import PipeCore

extension ObjectStorageConfiguration {
    public func problems() -> [Problem] {
        locationProblems() + authenticationProblems() + continuityProblems()
    }

    public func problems(updating stored: Self, patch: JSONValue, isAtRest: Bool) -> [Problem] {
        let usesServiceAccount = authentication == .serviceAccount
        if type == .gcs, usesServiceAccount != (stored.authentication == .serviceAccount) {
            return [
                problem("authentication", "cannot change to or from SERVICE_ACCOUNT; delete the pipe and create it anew")
            ]
        }
        return []
    }

    private func problem(_ field: String, _ message: String) -> Problem { Problem(Self.path[field], message) }

    private func locationProblems() -> [Problem] {
        var problems: [Problem] = []
        if type == .azureblobstorage {
            if azureContainerName == nil { problems.append(problem("azureContainerName", "is required for azureblobstorage")) }
        } else {
            if azureContainerName != nil { problems.append(problem("azureContainerName", "is only for azureblobstorage")) }
            if path != nil { problems.append(problem("path", "is only for azureblobstorage; put the path into url")) }
            if let url {
                let schemes = type == .gcs ? ["gs://", "https://", "http://"] : ["s3://", "https://", "http://"]
                if !schemes.contains(where: { url.hasPrefix($0) && url.count > $0.count }) {
                    problems.append(problem("url", "must start with \(schemes.joined(separator: ", ")) and name a bucket"))
                } else if url.contains(where: \.isWhitespace) && !url.contains("/") {
                    problems.append(problem("url", "must not hold blanks in the bucket"))
                }
            } else {
                problems.append(problem("url", "is required for \(type.rawValue)"))
            }
        }
        if delimiter != nil, format != .csv, format != .csvWithNames {
            problems.append(problem("delimiter", "is only for CSV and CSVWithNames"))
        }
        if let delimiter, delimiter.utf8.count != 1 { problems.append(problem("delimiter", "must be one ASCII character")) }
        return problems
    }

    /// Which authentications a kind of storage knows; no authentication (public files) is known to all but Azure.
    private var authentications: [Authentication] {
        switch type {
        case .s3: [.iamUser, .iamRole]
        case .gcs: [.iamUser, .serviceAccount, .workloadIdentity]
        case .dospaces, .cloudflarer2, .ovhobjectstorage: [.iamUser]
        case .azureblobstorage: [.connectionString]
        }
    }

    private func authenticationProblems() -> [Problem] {
        var problems: [Problem] = []
        if let authentication, !authentications.contains(authentication) {
            let names = authentications.map(\.rawValue).joined(separator: ", ")
            return [problem("authentication", "\(authentication.rawValue) is not supported for \(type.rawValue); use \(names)")]
        }
        let effective = type == .azureblobstorage ? .connectionString : authentication
        let given: [(field: String, isGiven: Bool, use: Authentication)] = [
            ("iamRole", iamRole != nil, .iamRole),
            ("accessKey", accessKey != nil, .iamUser),
            ("connectionString", connectionString != nil, .connectionString),
            ("serviceAccountKey", serviceAccountKey != nil, .serviceAccount),
        ]
        for (field, isGiven, use) in given {
            if use == effective, !isGiven {
                let reason = type == .azureblobstorage ? "azureblobstorage" : "authentication \(use.rawValue)"
                problems.append(problem(field, "is required for \(reason)"))
            } else if use != effective, isGiven {
                problems.append(problem(field, "is only for authentication \(use.rawValue)"))
            }
        }
        return problems
    }

    private func continuityProblems() -> [Problem] {
        var problems: [Problem] = []
        if skipInitialLoad == true {
            if queueUrl == nil { problems.append(problem("skipInitialLoad", "needs queueUrl: without a queue nothing would be loaded")) }
            if startAfter != nil { problems.append(problem("startAfter", "cannot be used with skipInitialLoad")) }
        }
        guard let queueUrl else { return problems }
        if isContinuous != true { problems.append(problem("queueUrl", "needs isContinuous to be true")) }
        switch type {
        case .s3:
            if queueUrl.wholeMatch(of: /https:\/\/sqs\.[a-z0-9.-]+\.amazonaws\.com\/[0-9]{12}\/[a-zA-Z0-9._-]+/) == nil {
                problems.append(
                    problem("queueUrl", "must be an SQS queue URL: https://sqs.<region>.amazonaws.com/<12 digit account>/<queue>"))
            }
        case .gcs:
            if queueUrl.wholeMatch(of: /projects\/[^\/\s]+\/subscriptions\/[^\/\s]+/) == nil {
                problems.append(problem("queueUrl", "must be a Pub/Sub subscription: projects/<project>/subscriptions/<name>"))
            }
        default:
            problems.append(problem("queueUrl", "is not supported for \(type.rawValue)"))
            return problems
        }
        if authentication == nil { problems.append(problem("queueUrl", "needs authentication: a queue is never public")) }
        return problems
    }
}
