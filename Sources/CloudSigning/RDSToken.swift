/// The password of a database user that is known by IAM: good for 15 minutes, and for the moment of connecting only.
///
/// Facts: "Connecting to your DB instance using IAM authentication" of the Amazon RDS user guide, and `generate_db_auth_token` of botocore: GET
/// https://host:port/ with `Action=connect` and `DBUser`, presigned for the service `rds-db`, without the scheme.
package enum RDSToken {
    package static let lifetime = 900

    package static func text(
        host: String, port: Int, user: String, region: String, credentials: AWSCredentials, at time: AWSTimestamp
    ) -> String {
        let address = "\(host):\(port)"
        let request = AWSRequest(host: address, query: [AWSRequest.Item("Action", "connect"), AWSRequest.Item("DBUser", user)])
        let signed = AWSSigner(credentials: credentials, region: region, service: "rds-db").presigned(request, at: time, seconds: lifetime)
        return address + signed.target
    }

    /// The region in the name of an instance, cluster or proxy: `db.abc123.eu-west-1.rds.amazonaws.com`.
    package static func region(ofHost host: String) -> String? {
        let labels = host.lowercased().split(separator: ".")
        guard let service = labels.lastIndex(of: "rds"), service > 0, labels.indices.contains(service + 1),
            labels[service + 1] == "amazonaws"
        else { return nil }
        return String(labels[service - 1])
    }
}
