/// Why a document is read; decides what is demanded of it.
public enum SchemaMode: Sendable, Hashable {
    /// A new resource: required fields must be there, defaults are filled in, unknown fields are dropped.
    case create
    /// A partial update: nothing is required, nothing is filled in.
    case patch
    /// A configuration file: as `create`, but an unknown field is an error.
    case strict
}

extension Schema {
    /// Checks `value` and returns it normalised: unknown, read-only and null members dropped, defaults filled in.
    ///
    /// All problems are collected, each under its own field path (`source.kafka.brokers`). In `.patch` mode an explicit
    /// null is kept, because there it means "clear this field".
    public func checked(
        _ value: JSONValue, at path: FieldPath = .root, mode: SchemaMode, problems: inout [Problem]
    ) -> JSONValue {
        switch self {
        case .any:
            return value
        case .boolean:
            if case .bool = value { return value }
            problems.append(Problem(path, "must be a boolean, not \(value.kindName)"))
        case .string(let rule):
            if let text = value.string {
                if let reason = rule.objection(to: text) { problems.append(Problem(path, reason)) }
                return value
            }
            problems.append(Problem(path, "must be a string, not \(value.kindName)"))
        case .integer(let range):
            guard let number = value.integer else {
                problems.append(Problem(path, "must be an integer, not \(value.wrongNumberName)"))
                break
            }
            if let reason = Self.objection(number, range, min: Int64.min, max: Int64.max) {
                problems.append(Problem(path, reason))
            }
            return value
        case .number(let range, let multiple):
            guard let number = value.double else {
                problems.append(Problem(path, "must be a number, not \(value.kindName)"))
                break
            }
            let greatest = Double.greatestFiniteMagnitude
            if let reason = Self.objection(number, range, min: -greatest, max: greatest) {
                problems.append(Problem(path, reason))
            } else if let multiple, (number / multiple).rounded() * multiple != number {
                problems.append(Problem(path, "must be a multiple of \(multiple.plain)"))
            }
            return .number(number)
        case .array(let element, let count, let unique):
            guard let elements = value.array else {
                problems.append(Problem(path, "must be an array, not \(value.kindName)"))
                break
            }
            if elements.count < count.lowerBound {
                problems.append(Problem(path, "must have at least \(count.lowerBound) element(s), has \(elements.count)"))
            } else if elements.count > count.upperBound {
                problems.append(Problem(path, "must have at most \(count.upperBound) element(s), has \(elements.count)"))
            }
            if unique, Set(elements).count != elements.count {
                problems.append(Problem(path, "must not repeat an element"))
            }
            // The elements of a list are whole values even in a PATCH: lists replace, they do not merge.
            let elementMode: SchemaMode = mode == .patch ? .create : mode
            return .array(
                elements.enumerated().map {
                    element.checked($0.element, at: path[$0.offset], mode: elementMode, problems: &problems)
                })
        case .map(let element):
            guard let members = value.object else {
                problems.append(Problem(path, "must be an object, not \(value.kindName)"))
                break
            }
            var result: [String: JSONValue] = [:]
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                result[key] = element.checked(member, at: path[key], mode: mode, problems: &problems)
            }
            return .object(result)
        case .object(let object):
            return object.checked(value, at: path, mode: mode, problems: &problems)
        }
        return value
    }

    private static func objection<Number: Comparable & PlainNumber>(
        _ number: Number, _ range: ClosedRange<Number>, min: Number, max: Number
    ) -> String? {
        if number < range.lowerBound { return "must be >= \(range.lowerBound.plain), is \(number.plain)" }
        if number > range.upperBound { return "must be <= \(range.upperBound.plain), is \(number.plain)" }
        return nil
    }
}

extension ObjectSchema {
    /// See ``Schema/checked(_:at:mode:problems:)``.
    public func checked(
        _ value: JSONValue, at path: FieldPath = .root, mode: SchemaMode, problems: inout [Problem]
    ) -> JSONValue {
        guard let members = value.object else {
            problems.append(Problem(path, "must be an object, not \(value.kindName)"))
            return value
        }
        var result: [String: JSONValue] = [:]
        for field in fields {
            if field.traits.contains(.readOnly) && mode != .strict { continue }
            if field.traits.contains(.patchOnly) && mode != .patch { continue }
            var given = members[field.name]
            if field.traits.contains(.emptyIsUnset), given == "" { given = .null }
            if field.traits.contains(.integerAsText), let number = given?.string.flatMap(Int64.init) { given = .integer(number) }
            if mode == .patch {
                guard let given else { continue }
                // "Nothing" for a field that always has a value and never changes is the same as leaving it out.
                if field.traits.isSuperset(of: [.required, .immutable]), given.isNull || given == "" { continue }
                // Secrets are replaced as a whole, so a new one is checked as a whole.
                let fieldMode: SchemaMode = field.traits.contains(.secret) ? .create : mode
                result[field.name] =
                    given.isNull ? .null : field.schema.checked(given, at: path[field.name], mode: fieldMode, problems: &problems)
                continue
            }
            if let given, !given.isNull {
                result[field.name] = field.schema.checked(given, at: path[field.name], mode: mode, problems: &problems)
            } else if let value = field.defaultValue {
                // Through the schema, so that a default object gets the defaults of its own fields.
                result[field.name] = field.schema.checked(value, at: path[field.name], mode: mode, problems: &problems)
            } else if field.traits.contains(.required) {
                problems.append(Problem(path[field.name], "is required"))
            }
        }
        if mode == .strict {
            for key in members.keys.sorted() where self[field: key] == nil {
                problems.append(Problem(path[key], "is not a known key; known are: \(fields.map(\.name).joined(separator: ", "))"))
            }
        }
        return .object(result)
    }
}

extension StringRule {
    /// Why `text` is refused; nil when it is fine. The text itself is quoted only against a closed list of values.
    func objection(to text: String) -> String? {
        if !allowed.isEmpty {
            return allowed.contains(text)
                ? nil : "must be one of \(allowed.joined(separator: ", ")); '\(text.prefix(64))' is not"
        }
        // Databases and C libraries end text there.
        if text.utf8.contains(0) { return "must not hold the character U+0000" }
        if text.count < length.lowerBound {
            return text.isEmpty ? "must not be empty" : "must have at least \(length.lowerBound) characters, has \(text.count)"
        }
        if text.count > length.upperBound { return "must have at most \(length.upperBound) characters, has \(text.count)" }
        switch format {
        case .uuid: return UUIDText.isValid(text) ? nil : "must be a UUID"
        case .dateTime:
            return TimestampText.isValid(text) ? nil : "must be an RFC 3339 timestamp such as 2026-01-31T12:00:00Z"
        case .pem: return text.contains("-----BEGIN") && text.contains("-----END") ? nil : "is not in valid PEM format"
        case .base64: return Self.isBase64(text) ? nil : "must be base64 text"
        case .line:
            let isLine = text.unicodeScalars.allSatisfy {
                $0.properties.generalCategory != .control && !"\u{2028}\u{2029}".unicodeScalars.contains($0)
            }
            return isLine ? nil : "must not hold line breaks or other control characters"
        case nil: return nil
        }
    }

    private static func isBase64(_ text: String) -> Bool {
        let body = text.utf8.filter { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let allowed = body.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="),
                UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return allowed && !body.isEmpty
    }
}

/// The textual form of points in time, without a Foundation type.
public enum TimestampText {
    /// RFC 3339: `2026-01-31T12:00:00Z`, with any fraction of a second and any offset; a date alone is accepted too.
    public static func isValid(_ text: String) -> Bool {
        let pattern =
            /(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-]([01]\d|2[0-3]):[0-5]\d))?/
            .asciiOnlyDigits()
        guard let match = text.wholeMatch(of: pattern) else { return false }
        guard isDate(match.1, match.2, match.3) else { return false }
        guard let hour = match.4, let minute = match.5, let second = match.6 else { return true }
        return isTime(hour, minute, second: second)
    }

    /// `2026-01-31T12:00`: UTC to the minute.
    public static func isMinute(_ text: String) -> Bool {
        let pattern = /(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})/.asciiOnlyDigits()
        guard let match = text.wholeMatch(of: pattern) else { return false }
        return isDate(match.1, match.2, match.3) && isTime(match.4, match.5, second: "00")
    }

    private static func isDate(_ year: Substring, _ month: Substring, _ day: Substring) -> Bool {
        guard let year = Int(year), let month = Int(month), let day = Int(day), (1...12).contains(month) else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }

    /// A leap second is a second.
    private static func isTime(_ hour: Substring, _ minute: Substring, second: Substring) -> Bool {
        guard let hour = Int(hour), let minute = Int(minute), let second = Int(second) else { return false }
        return hour < 24 && minute < 60 && second <= 60
    }
}

/// The textual form of UUIDs, without a Foundation type.
public enum UUIDText {
    /// 8-4-4-4-12 hexadecimal digits, either case.
    public static func isValid(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count == 36 else { return false }
        return bytes.enumerated().allSatisfy { index, byte in
            switch index {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default: Character(UnicodeScalar(byte)).isHexDigit
            }
        }
    }
}

private protocol PlainNumber {
    var plain: String { get }
}

extension Int64: PlainNumber {
    var plain: String { String(self) }
}

extension Double: PlainNumber {
    /// `8` rather than `8.0`.
    var plain: String { rounded() == self && abs(self) < 1e15 ? String(Int64(self)) : String(self) }
}

extension JSONValue {
    fileprivate var wrongNumberName: String {
        switch self {
        case .number(let value): "\(value)"
        case .exactNumber(let text): text.count > 64 ? "\(text.prefix(64))…" : text
        default: kindName
        }
    }
}
