/// The parts of an origin that a connection needs.
struct UpstreamAddress: Sendable, Hashable {
    /// A name or an address, without the brackets of IPv6.
    let host: String
    let port: Int
    let isTLS: Bool
    /// As the header `Host` has it.
    let authority: String

    /// - Parameter origin: as ``ClickHouseConnection/checkedOrigin()`` gives it.
    init(origin: String) {
        isTLS = origin.hasPrefix("https://")
        authority = String(origin.dropFirst(isTLS ? "https://".count : "http://".count))
        var host = authority[...]
        var port = isTLS ? 443 : 80
        if !authority.hasSuffix("]"), let colon = authority.lastIndex(of: ":"),
            let number = Int(authority[authority.index(after: colon)...])
        {
            host = authority[..<colon]
            port = number
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        self.host = String(host)
        self.port = port
    }
}
