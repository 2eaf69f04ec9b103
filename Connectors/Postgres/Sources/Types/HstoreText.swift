/// `"a"=>"1", "b"=>NULL` as a JSON object.
enum HstoreText {
    static func json(_ text: UnsafeRawBufferPointer) throws(WireError) -> [UInt8] {
        var json: [UInt8] = [UInt8(ascii: "{")]
        var index = 0
        while index < text.count {
            if json.count > 1 { json.append(UInt8(ascii: ",")) }
            json.appendJSON(try quoted(text, &index))
            guard text.count >= index + 2, text[index] == UInt8(ascii: "="), text[index + 1] == UInt8(ascii: ">") else {
                throw WireError("is not an hstore")
            }
            index += 2
            json.append(UInt8(ascii: ":"))
            if index < text.count, text[index] == UInt8(ascii: "N") {
                index += 4
                json.append(contentsOf: Array("null".utf8))
            } else {
                json.appendJSON(try quoted(text, &index))
            }
            if index < text.count {
                guard text.count >= index + 2, text[index] == UInt8(ascii: ","), text[index + 1] == UInt8(ascii: " ") else {
                    throw WireError("is not an hstore")
                }
                index += 2
            }
        }
        json.append(UInt8(ascii: "}"))
        return json
    }

    private static func quoted(_ text: UnsafeRawBufferPointer, _ index: inout Int) throws(WireError) -> [UInt8] {
        guard index < text.count, text[index] == UInt8(ascii: "\"") else { throw WireError("is not an hstore") }
        index += 1
        var value: [UInt8] = []
        while index < text.count, text[index] != UInt8(ascii: "\"") {
            if text[index] == UInt8(ascii: "\\") { index += 1 }
            guard index < text.count else { throw WireError("is an hstore that ends too early") }
            value.append(text[index])
            index += 1
        }
        guard index < text.count else { throw WireError("is an hstore that ends too early") }
        index += 1
        return value
    }
}
