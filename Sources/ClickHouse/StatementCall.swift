import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One statement on its way: knows how to name its failures and how to stop it on the server.
struct StatementCall: Sendable {
    let http: HTTPClient
    let origin: String
    let connection: ClickHouseConnection
    let stopper: ClickHouseConnection
    let queryID: String
    let secrets: [String]
    let logger: Logger

    /// Longest wait for the answer to KILL QUERY.
    private static let killTimeout: TimeAmount = .seconds(5)

    /// Asks the server to stop this statement. Trouble is logged, not thrown: the caller already has an error to report.
    ///
    /// Works in a cancelled task too, because it waits for an event loop future, which knows no task cancellation.
    /// - Parameter waiting: until the statement has ended; else only until the server took note.
    func kill(waiting: Bool) async {
        do { try await sendKill(waiting: waiting).get() } catch { logFailedKill(failure(error)) }
    }

    /// The same from an event loop, without waiting for anything.
    func startKill() {
        sendKill(waiting: false).whenFailure { [self] in logFailedKill(failure($0)) }
    }

    private func sendKill(waiting: Bool) -> EventLoopFuture<Void> {
        let statement = Statement(
            "KILL QUERY WHERE query_id = {id:String} \(waiting ? "SYNC" : "ASYNC")", parameters: ["id": queryID])
        let request = RequestEncoding.encode(statement, queryID: queryID + "-kill", connection: stopper, statementInURL: false)
        do {
            return http.execute(
                request: try HTTPClient.Request(
                    url: origin + request.target, method: .POST, headers: request.httpHeaders, body: .string(statement.sql)),
                deadline: .now() + Self.killTimeout
            ).map { [self] answer in
                guard answer.status != .ok else { return }
                logFailedKill(failure(text: answer.body.map { String(buffer: $0) } ?? "", status: Int(answer.status.code)))
            }
        } catch {
            return http.eventLoopGroup.any().makeFailedFuture(error)
        }
    }

    private func logFailedKill(_ error: ClickHouseError) {
        logger.warning("cannot stop a statement", metadata: ["query_id": "\(queryID)", "error": "\(error)"])
    }

    /// What the server said.
    func failure(text: String, status: Int, headers: HTTPHeaders = [:]) -> ClickHouseError {
        .server(
            text: text, header: headers.first(name: "X-ClickHouse-Exception-Code").flatMap { Int($0) }, status: status, queryID: queryID,
            secrets: secrets)
    }

    /// What kept the statement from being answered.
    func failure(_ error: any Error) -> ClickHouseError {
        func local(_ code: ClickHouseError.Code, _ message: String, maybeApplied: Bool) -> ClickHouseError {
            .local(
                code, message, code.disposition, queryID: queryID, isMaybeApplied: maybeApplied,
                detail: ClickHouseError.hide(secrets, in: String(reflecting: error)))
        }
        switch error {
        case let error as ClickHouseError:
            return error
        case is CancellationError:
            return local(.cancelled, "the statement was cancelled", maybeApplied: true)
        case is StatementTimeout:
            return local(.timedOut, "no complete answer from \(origin) in time", maybeApplied: true)
        case let error as UpstreamError:
            switch error {
            case .closed:
                return local(.connectionLost, "\(origin) closed the connection before the answer was complete", maybeApplied: true)
            case .cancelled: return local(.cancelled, "the statement was cancelled", maybeApplied: true)
            case .shutDown: return local(.clientShutDown, "the client has been shut down", maybeApplied: true)
            case .invalidHeader:
                return local(.invalidConnection, "user, password or database holds a control character", maybeApplied: false)
            }
        case let error as IOError where [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT].contains(error.errnoCode):
            return local(.connectFailed, "cannot connect to \(origin)", maybeApplied: false)
        case ChannelError.connectTimeout:
            return local(.connectFailed, "cannot connect to \(origin) within \(connection.connectTimeout)", maybeApplied: false)
        case is NIOConnectionError:
            return local(.connectFailed, "cannot connect to \(origin)", maybeApplied: false)
        case let error as NIOSSLError:
            if case .handshakeFailed = error { return tlsFailure(error) }
            return local(.connectionLost, "the TLS connection to \(origin) broke", maybeApplied: true)
        case is NIOSSLExtraError:
            return tlsFailure(error)
        case let error as HTTPClientError:
            switch error {
            case .deadlineExceeded:
                return local(.timedOut, "no answer from \(origin) in time", maybeApplied: true)
            case .cancelled:
                return local(.cancelled, "the statement was cancelled", maybeApplied: true)
            case .connectTimeout, .getConnectionFromPoolTimeout, .tlsHandshakeTimeout:
                return local(.connectFailed, "cannot connect to \(origin) within \(connection.connectTimeout)", maybeApplied: false)
            case .alreadyShutdown:
                return local(.clientShutDown, "the client has been shut down", maybeApplied: false)
            case .remoteConnectionClosed, .readTimeout, .writeTimeout, .uncleanShutdown:
                return local(.connectionLost, "\(origin) closed the connection before the answer was complete", maybeApplied: true)
            default:
                if error.shortDescription.contains("Invalid header field") {
                    return local(.invalidConnection, "user, password or database holds a control character", maybeApplied: false)
                }
                return local(.connectionLost, "no complete answer from \(origin): \(error.shortDescription)", maybeApplied: true)
            }
        default:
            return local(.connectionLost, "the connection to \(origin) broke", maybeApplied: true)
        }
    }

    /// A certificate that is not trusted stays so; other handshake trouble may pass.
    private func tlsFailure(_ error: any Error) -> ClickHouseError {
        let detail = String(reflecting: error)
        let isCertificate = detail.contains("CERTIFICATE_VERIFY_FAILED") || error is NIOSSLExtraError
        return .local(
            isCertificate ? .tlsFailed : .connectFailed,
            isCertificate
                ? "the certificate of \(origin) is not trusted; set caFile to the authority that signed it, and use the host name it is made for"
                : "the TLS handshake with \(origin) failed; check that the port speaks HTTPS", isCertificate ? .user : .retryable,
            queryID: queryID, detail: detail)
    }
}

extension EncodedRequest {
    var httpHeaders: HTTPHeaders { HTTPHeaders(headers.map { ($0.name, $0.value) }) }
}
