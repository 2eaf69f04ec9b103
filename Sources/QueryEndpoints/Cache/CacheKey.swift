/// What two calls must have in common to share a result: everything that can change a byte of it, and who may see it.
public struct CacheKey: Hashable, Sendable {
    /// The parts, each behind its length. Bytes, because two strings with different bytes can be equal.
    let bytes: [UInt8]
    private let hash: Int

    /// Bytes in memory.
    package var size: Int { bytes.count }

    /// - Parameters:
    ///   - version: of the endpoint's query.
    ///   - answerVersion: 1 or 2, the form of the answer.
    ///   - roles: of the run, in any order.
    ///   - parameters: as they are sent, by name.
    ///   - settings: ClickHouse settings of the run, by name.
    ///   - scope: whose result this is, where calls with the same parameters may differ: the claims of a token that reach the run.
    ///     Empty for calls by key, which all see the same.
    public init(
        endpoint: String, version: Int, answerVersion: Int, roles: [String], parameters: [String: String], format: String,
        settings: [String: String] = [:], scope: String = ""
    ) {
        var text = KeyBytes()
        text.append(endpoint)
        text.append(String(version))
        text.append(String(answerVersion))
        text.append(format)
        text.append(scope)
        text.append(roles.sorted())
        text.append(parameters)
        text.append(settings)
        bytes = text.bytes
        hash = bytes.hashValue
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(hash) }
    public static func == (left: CacheKey, right: CacheKey) -> Bool { left.hash == right.hash && left.bytes == right.bytes }
}

/// Texts and lists of texts, written so that different ones never have the same bytes.
private struct KeyBytes {
    var bytes: [UInt8] = []

    mutating func append(_ text: String) {
        append(count: text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ list: [String]) {
        append(count: list.count)
        for text in list { append(text) }
    }

    mutating func append(_ values: [String: String]) {
        append(count: values.count)
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            append(name)
            append(value)
        }
    }

    private mutating func append(count: Int) {
        withUnsafeBytes(of: UInt32(truncatingIfNeeded: count).littleEndian) { bytes.append(contentsOf: $0) }
    }
}
