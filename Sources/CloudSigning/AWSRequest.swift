/// A request to sign. Path and query are plain text: the encoded form that was signed, ``target``, is the one to send.
public struct AWSRequest: Sendable {
    /// A header or a query parameter.
    public struct Item: Hashable, Sendable {
        public var name: String
        public var value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What the signature says of the body.
    public enum Payload: Hashable, Sendable {
        case bytes([UInt8])
        /// S3 over TLS only: the body is not part of the signature.
        case unsigned

        public static let empty = Payload.bytes([])
    }

    public var method: String
    /// With `:port` unless it is the scheme's default, exactly as the `Host` header will say.
    public var host: String
    /// Starts with `/`.
    public var path: String
    public var query: [Item]
    /// Headers to include in the signature; `host` and the `x-amz-` headers of the signature itself are added.
    public var headers: [Item]
    public var payload: Payload

    public init(
        method: String = "GET", host: String, path: String = "/", query: [Item] = [], headers: [Item] = [], payload: Payload = .empty
    ) {
        self.method = method
        self.host = host
        self.path = path
        self.query = query
        self.headers = headers
        self.payload = payload
    }

    var encodedPath: String { path.isEmpty ? "/" : PercentEncoding.encode(path, keeping: "/") }

    /// Sorted by encoded name, then encoded value.
    var encodedQuery: String {
        var pairs: [(name: String, value: String)] = []
        for item in query { pairs.append((PercentEncoding.encode(item.name), PercentEncoding.encode(item.value))) }
        pairs.sort { left, right in left.name == right.name ? left.value < right.value : left.name < right.name }
        return pairs.map { pair in "\(pair.name)=\(pair.value)" }.joined(separator: "&")
    }

    /// Path and query, encoded; what goes on the request line.
    public var target: String { query.isEmpty ? encodedPath : "\(encodedPath)?\(encodedQuery)" }
}
