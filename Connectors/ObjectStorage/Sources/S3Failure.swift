import CloudSigning

/// An error answer of S3, as far as it is readable.
package struct S3Failure: Hashable, Sendable {
    package var status: Int
    /// For example `NoSuchBucket`; empty when the answer had no body.
    package var code = ""
    package var message = ""
    /// Where the bucket is, when the answer says so.
    package var region: String?

    package init(_ reply: TransportReply) {
        status = reply.status
        region = reply.headers["x-amz-bucket-region"]
        guard let document = try? XMLElement(parsing: reply.body), document.name == "Error" else { return }
        code = document["Code"]?.text ?? ""
        message = document["Message"]?.text ?? ""
        if region == nil { region = document["Region"]?.text }
        if region == nil, let host = document["Endpoint"]?.text, let address = try? S3Address(recognizing: host.lowercased()), address.isAWS
        {
            region = address.region
        }
        if region == "" { region = nil }
    }

    /// The request was for another region or endpoint.
    package var isRedirect: Bool {
        [301, 307, 308].contains(status)
            || [
                "PermanentRedirect", "TemporaryRedirect", "Redirect", "AuthorizationHeaderMalformed", "IncorrectEndpoint",
                "IllegalLocationConstraintException",
            ].contains(code)
    }
}
