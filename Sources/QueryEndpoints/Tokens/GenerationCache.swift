/// A bounded memory that forgets what was not looked up for long: entries live in two generations, and a full young one
/// replaces the old one.
struct GenerationCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private let halfCapacity: Int

    /// - Parameter capacity: most entries kept.
    init(capacity: Int) { halfCapacity = max(1, capacity / 2) }

    subscript(key: Key) -> Value? {
        mutating get {
            if let value = young[key] { return value }
            guard let value = old.removeValue(forKey: key) else { return nil }
            insert(value, key)
            return value
        }
        set {
            old[key] = nil
            guard let newValue else {
                young[key] = nil
                return
            }
            insert(newValue, key)
        }
    }

    var count: Int { young.count + old.count }

    private mutating func insert(_ value: Value, _ key: Key) {
        if young.count >= halfCapacity, young[key] == nil {
            old = young
            young = [:]
        }
        young[key] = value
    }
}
