internal import PipeCore

/// The usable keys of a JSON Web Key Set (RFC 7517, 5).
struct KeySet: Sendable {
    private let keys: [(id: String?, key: TokenKey)]

    /// Far above the sets of common issuers.
    static let maximumKeys = 100

    /// Keys of unknown kinds are left out; nil when the text is not a key set at all.
    init?(_ text: [UInt8]) async {
        guard let document = try? JSONText.decode(JSONValue.self, from: text), let members = document["keys"]?.array,
            members.count <= Self.maximumKeys
        else { return nil }
        var keys: [(id: String?, key: TokenKey)] = []
        for member in members {
            guard let read = PublicTokenKey(jwk: member), let key = await TokenKey(read) else { continue }
            keys.append((member["kid"]?.string, key))
        }
        self.keys = keys
    }

    /// The keys that may have signed a token that names `id`. A token that names none fits only a set with a single key for
    /// its algorithm.
    func candidates(_ algorithm: TokenAlgorithm, id: String?) -> [TokenKey] {
        let fitting = keys.filter { $0.key.algorithm == algorithm }
        if let id { return fitting.filter { $0.id == id }.map(\.key) }
        return fitting.count == 1 ? fitting.map(\.key) : []
    }
}
