/// The URL of a registry and the schema that it pins.
struct RegistryLocation: Hashable, Sendable {
    enum Pin: Hashable, Sendable {
        case id(Int32)
        /// The version is a number or `latest`; the subject is encoded as it was given.
        case subject(String, version: String)
    }

    /// Without a slash at the end.
    var root: String
    var pin: Pin?

    /// Nil when the URL is none of the forms. `https`; `http` is for registries on trusted networks.
    init?(_ url: String) {
        guard let match = url.wholeMatch(of: /(https?:\/\/[^\/\s@?#]+)(\/[^\s?#]*)?/) else { return nil }
        let parts = (match.2 ?? "").split(separator: "/").map(String.init)
        var prefix = parts
        if let at = parts.firstIndex(of: "schemas") {
            guard parts.count == at + 3, parts[at + 1] == "ids", let id = Int32(parts[at + 2]), id >= 0 else { return nil }
            prefix = Array(parts[..<at])
            pin = .id(id)
        } else if let at = parts.firstIndex(of: "subjects") {
            switch parts.count - at {
            case 2: pin = .subject(parts[at + 1], version: "latest")
            case 4:
                guard parts[at + 2] == "versions", Int32(parts[at + 3]).map({ $0 > 0 }) ?? (parts[at + 3] == "latest") else { return nil }
                pin = .subject(parts[at + 1], version: parts[at + 3])
            default: return nil
            }
            prefix = Array(parts[..<at])
        }
        root = ([String(match.1)] + prefix).joined(separator: "/")
    }
}
