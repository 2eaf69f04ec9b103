#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Names to addresses, where libpq is not to do it by itself.
enum HostAddress {
    /// Waits for the resolver: never call this on one of Swift's own threads.
    static func first(of host: String) throws -> String {
        var found: UnsafeMutablePointer<addrinfo>?
        var hints = addrinfo()
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        let code = getaddrinfo(host, nil, &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard code == 0, let entry = found else {
            throw PostgresError(message: "could not translate host name \"\(host)\" to address", isConnection: true)
        }
        var text: [CChar] = Array(repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
            throw PostgresError(message: "could not translate host name \"\(host)\" to address", isConnection: true)
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
