import AsyncHTTPClient
import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Words for what the network throws.
enum NetworkFailure {
    static func text(_ error: any Error, reaching host: String) -> String {
        if let error = error as? HTTPClientError {
            switch error {
            case .connectTimeout, .deadlineExceeded, .readTimeout, .writeTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
                return "\(host) did not answer in time"
            default: return "\(host): \(error.shortDescription)"
            }
        }
        if error is SocketAddressError { return "no such host: \(host)" }
        if let error = error as? NIOConnectionError {
            if error.dnsAError != nil || error.dnsAAAAError != nil, error.connectionErrors.isEmpty { return "no such host: \(host)" }
            return "\(host) refused the connection"
        }
        if let error = error as? ChannelError, case .connectTimeout = error { return "\(host) did not answer in time" }
        if let error = error as? IOError, error.errnoCode == ECONNREFUSED { return "\(host) refused the connection" }
        if let error = error as? IOError { return "\(host): \(error.description)" }
        return "\(host): \(String(describing: error))"
    }
}
