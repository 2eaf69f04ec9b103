package import PipeCore

/// Trouble with a bucket: what happened, who must act, and which field of the pipe it concerns.
///
/// Messages use the words that official clients of the API look for: `failed to access`, `does not exist`, `is not authorized`,
/// `no such host`, `AssumeRole`.
package struct ObjectStorageError: Error, Hashable, Sendable, CustomStringConvertible {
    package var code: PipeError.Code
    package var disposition: Disposition
    package var field: FieldPath
    package var message: String

    package init(_ code: PipeError.Code, _ disposition: Disposition, _ field: String, _ message: String) {
        self.code = code
        self.disposition = disposition
        self.field = ObjectStorageConfiguration.path[field]
        self.message = message
    }

    package var description: String { "\(field) \(message)" }

    /// A wrong `url`.
    package static func url(_ message: String) -> ObjectStorageError { ObjectStorageError("SOURCE_URL_INVALID", .user, "url", message) }

    /// As a running pipe throws it.
    package var pipeError: PipeError { PipeError(code, disposition, side: .source, description) }

    /// As a probe reports it.
    package var finding: Finding { Finding(.failure, field, message) }
}

extension ObjectStorageError {
    /// What an error answer of S3 means for the pipe (codes: "Error responses" of the Amazon S3 API reference).
    package init(_ failure: S3Failure, at location: S3Location, doing action: String, isSigned: Bool) {
        let target = "\(location.endpoint)"
        let answer = failure.code.isEmpty ? "HTTP \(failure.status)" : "\(failure.code): \(failure.message)"
        switch (failure.code, failure.status) {
        case ("NoSuchBucket", _):
            self.init(
                .sourceMissing, .user, "url", "failed to access \(target): the bucket '\(location.bucket)' does not exist (\(answer))")
        case ("NoSuchKey", _):
            self.init(.sourceMissing, .user, "url", "failed to access \(target): the object does not exist (\(answer))")
        case ("InvalidBucketName", _):
            self.init(.sourceMissing, .user, "url", "names the bucket '\(location.bucket)', which the endpoint refuses (\(answer))")
        case ("InvalidAccessKeyId", _), ("UnauthorizedAccess", _), ("InvalidClientTokenId", _):
            self.init(
                .sourceDenied, .user, "accessKey.accessKeyId", "failed to access \(target): the access key is unknown there (\(answer))")
        case ("SignatureDoesNotMatch", _):
            self.init(
                .sourceDenied, .user, "accessKey.secretKey",
                "failed to access \(target): the secret does not belong to the access key (\(answer))")
        case ("ExpiredToken", _), ("TokenRefreshRequired", _), ("InvalidToken", _):
            self.init(
                .sourceDenied, .retry, "iamRole", "failed to access \(target): the temporary credentials are no longer valid (\(answer))")
        case _ where failure.isRedirect:
            let place = failure.region.map { "; the bucket is in the region '\($0)'" } ?? ""
            self.init(
                .sourceMissing, .user, "url",
                "failed to access \(target): the bucket is not at this endpoint or not in the region '\(location.region)'\(place) (\(answer))"
            )
        case ("RequestTimeTooSkewed", _):
            self.init(
                .sourceDenied, .retry, "url",
                "failed to access \(target): this machine's clock differs too much from the provider's; set it right (\(answer))")
        case ("NotImplemented", _), (_, 501):
            self.init(.sourceMissing, .user, "url", "failed to access \(target): the endpoint does not support \(action) (\(answer))")
        case ("SlowDown", _), ("RequestTimeout", _), ("Throttling", _), ("ThrottlingException", _), ("TooManyRequests", _),
            (_, 408), (_, 429), (_, 500...):
            self.init(.sourceUnreachable, .retry, "url", "failed to access \(target): the endpoint is busy or in trouble (\(answer))")
        case ("AccessDenied", _), ("AllAccessDisabled", _), ("AccountProblem", _), (_, 401), (_, 403):
            let permission = action == "listing" ? "s3:ListBucket on the bucket" : "s3:GetObject on its objects"
            let who = isSigned ? "the identity of this pipe is not authorized" : "anonymous access is not authorized"
            let what = isSigned ? "grant \(permission)" : "set source.objectStorage.authentication, or make the bucket public"
            self.init(
                .sourceDenied, .user, isSigned ? "authentication" : "url",
                "failed to access \(target): \(who) for \(action); \(what) (\(answer))")
        case (_, 404):
            self.init(.sourceMissing, .user, "url", "failed to access \(target): it does not exist (\(answer))")
        default:
            self.init(.sourceDenied, .user, "url", "failed to access \(target): the endpoint refused \(action) (\(answer))")
        }
    }
}
