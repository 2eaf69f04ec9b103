import CloudSigning
import FoundationEssentials
import PipeCore

extension KafkaConfiguration {
    /// What makes the tokens of IAM_USER and IAM_ROLE; nil for other authentications. Throws ``PipeError`` where the region cannot be
    /// known.
    func tokenMint(session: String) throws -> (any TokenMint)? {
        guard authentication == .iamUser || authentication == .iamRole else { return nil }
        let environment = ProcessInfo.processInfo.environment
        guard let region = MSKTokenMint.region(ofBrokers: brokers) ?? environment["AWS_REGION"] ?? environment["AWS_DEFAULT_REGION"] else {
            throw PipeError(
                .sourceDenied, .user, side: .source,
                "\(Self.path["brokers"]) do not name an AWS region, as MSK's own names do (….kafka.<region>.amazonaws.com): use those, or set AWS_REGION in Penstock's environment"
            )
        }
        let now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
        if let key = credentials?.accessKeyId, let secret = credentials?.secretKey {
            let fixed = AWSCredentials(accessKeyID: key, secretKey: secret)
            return MSKTokenMint(region: region, credentials: { fixed }, now: now)
        }
        guard let role = iamRole else {
            throw PipeError(.sourceDenied, .user, side: .source, "\(Self.path["iamRole"]) is required for authentication IAM_ROLE")
        }
        let assumed = AssumedRole(role: role, session: session, environment: environment, now: now)
        return MSKTokenMint(region: region, credentials: { try await assumed.credentials() }, now: now)
    }
}
