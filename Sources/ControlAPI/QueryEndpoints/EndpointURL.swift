internal import Catalog
package import Hummingbird

extension APIDependencies {
    /// The address that the client of `request` reaches this API under, without a slash at its end: as configured, or else as the
    /// client wrote it.
    ///
    /// Nothing but letters, digits and what stands in addresses is taken over from the request's `Host`.
    package func publicBase(of request: Request) -> String {
        if let url = configuration.publicURL { return url }
        let scheme = configuration.tls == nil ? "http" : "https"
        if let host = request.head.authority, !host.isEmpty, host.utf8.allSatisfy(Self.isAddressByte) { return "\(scheme)://\(host)" }
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        return "\(scheme)://\(host):\(configuration.port)"
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// How endpoints are shown to the client of `request`.
    func endpointDocument(_ request: Request) async throws -> EndpointDocument {
        EndpointDocument(base: publicBase(of: request), keys: Set(try await catalog.keys().map(\.id)))
    }
}
