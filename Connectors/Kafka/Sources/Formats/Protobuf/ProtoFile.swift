/// One `.proto` file, from its text or its descriptor: types by the names that it gives them.
struct ProtoFile: Sendable, Hashable {
    enum Scalar: String, Sendable, Hashable, CaseIterable {
        case double, float, int32, int64, uint32, uint64, sint32, sint64, fixed32, fixed64, sfixed32, sfixed64, bool, string, bytes
    }

    enum TypeName: Sendable, Hashable {
        case scalar(Scalar)
        /// As written; with a dot in front it is complete.
        case named(String)
    }

    enum Label: Sendable, Hashable {
        /// Absent and zero are the same (proto3 without `optional`).
        case implicit
        /// Absent is something of its own: `optional`, members of a `oneof`.
        case explicit
        case required
        case repeated
    }

    struct Field: Sendable, Hashable {
        var name: String
        var number: Int
        var label: Label
        var type: TypeName
        /// Key and value of `map<…>`; `type` is the value's.
        var mapKey: Scalar?
    }

    struct Message: Sendable, Hashable {
        var name: String
        var fields: [Field] = []
        var messages: [Message] = []
        var enums: [Enumeration] = []
        /// The hidden type of an entry of a map, in descriptors.
        var isMapEntry = false
    }

    struct Enumeration: Sendable, Hashable {
        struct Value: Sendable, Hashable {
            var name: String
            var number: Int32
        }
        var name: String
        var values: [Value] = []
    }

    var name = ""
    var package = ""
    var imports: [String] = []
    var messages: [Message] = []
    var enums: [Enumeration] = []

    struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
        var description: String
    }
}
