/// An array as Postgres writes it as text: `{1,NULL,"a \"b\""}`, `[0:1][1:2]={{1,2},{3,4}}`.
struct ArrayText {
    /// Sizes, outermost first; empty for `{}`.
    private(set) var dimensions: [Int] = []
    /// Row by row; nil for NULL.
    private(set) var elements: [[UInt8]?] = []

    init(_ text: UnsafeRawBufferPointer, delimiter: UInt8) throws(WireError) {
        var index = 0
        if text.first == UInt8(ascii: "[") {
            guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else { throw WireError("is not an array") }
            index = equals + 1
        }
        var depth = 0
        var counts: [Int] = []
        var isKnown: [Bool] = []
        var expectsValue = true
        repeat {
            guard index < text.count else { throw WireError("is an array that ends too early") }
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "{"):
                depth += 1
                guard depth <= 6 else { throw WireError("is an array of too many dimensions") }
                if counts.count < depth {
                    counts.append(0)
                    isKnown.append(false)
                    dimensions.append(0)
                }
                counts[depth - 1] = 0
                expectsValue = true
                index += 1
            case UInt8(ascii: "}"):
                guard depth > 0 else { throw WireError("is not an array") }
                if !isKnown[depth - 1] {
                    isKnown[depth - 1] = true
                    dimensions[depth - 1] = counts[depth - 1]
                } else if dimensions[depth - 1] != counts[depth - 1] {
                    throw WireError("is an array of unequal rows")
                }
                depth -= 1
                if depth > 0 { counts[depth - 1] += 1 }
                expectsValue = false
                index += 1
            case delimiter where !expectsValue:
                expectsValue = true
                index += 1
            default:
                guard depth > 0, expectsValue else { throw WireError("is not an array") }
                elements.append(try Self.element(text, &index, delimiter: delimiter))
                counts[depth - 1] += 1
                expectsValue = false
            }
        } while depth > 0
        guard index == text.count else { throw WireError("is not an array") }
        if elements.isEmpty { dimensions = [] }
        guard elements.isEmpty || dimensions.reduce(1, *) == elements.count else { throw WireError("is an array of unequal rows") }
    }

    private static func element(_ text: UnsafeRawBufferPointer, _ index: inout Int, delimiter: UInt8) throws(WireError) -> [UInt8]? {
        var value: [UInt8] = []
        if text[index] == UInt8(ascii: "\"") {
            index += 1
            while index < text.count, text[index] != UInt8(ascii: "\"") {
                if text[index] == UInt8(ascii: "\\") { index += 1 }
                guard index < text.count else { throw WireError("is an array that ends too early") }
                value.append(text[index])
                index += 1
            }
            guard index < text.count else { throw WireError("is an array that ends too early") }
            index += 1
            return value
        }
        while index < text.count, text[index] != delimiter, text[index] != UInt8(ascii: "}") {
            if text[index] == UInt8(ascii: "\\") { index += 1 }
            guard index < text.count else { throw WireError("is an array that ends too early") }
            value.append(text[index])
            index += 1
        }
        return value.elementsEqual("NULL".utf8) ? nil : value
    }
}

/// How the sizes of a value become those of the declared number of dimensions: surplus inner ones are joined, missing outer ones are 1.
enum ArrayShape {
    static func fitted(_ dimensions: [Int], depth: Int) -> [Int] {
        if dimensions.isEmpty || dimensions.count == depth { return dimensions }
        if dimensions.count > depth {
            return Array(dimensions.prefix(depth - 1)) + [dimensions.dropFirst(depth - 1).reduce(1, *)]
        }
        return Array(repeating: 1, count: depth - dimensions.count) + dimensions
    }
}
