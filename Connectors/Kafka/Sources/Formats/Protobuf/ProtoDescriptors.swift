/// Reads compiled schemas: `FileDescriptorSet` and `FileDescriptorProto` of `descriptor.proto`.
enum ProtoDescriptors {
    /// - Returns: the files in the order of the set; protoc puts those that others need first.
    static func files(set bytes: [UInt8]) throws(ProtoFile.Fault) -> [ProtoFile] {
        var files: [ProtoFile] = []
        for field in try fields(bytes[...]) where field.number == 1 { files.append(try file(field.bytes)) }
        guard !files.isEmpty else {
            throw ProtoFile.Fault(description: "the Protobuf schema is neither a .proto file nor a descriptor set")
        }
        return files
    }

    static func file(_ bytes: ArraySlice<UInt8>) throws(ProtoFile.Fault) -> ProtoFile {
        var file = ProtoFile()
        var syntax = "proto2"
        for field in try fields(bytes) {
            switch field.number {
            case 1: file.name = field.text
            case 2: file.package = field.text
            case 3: file.imports.append(field.text)
            case 12: syntax = field.text
            default: break
            }
        }
        for field in try fields(bytes) {
            if field.number == 4 { file.messages.append(try message(field.bytes, syntax, depth: 0)) }
            if field.number == 5 { file.enums.append(try enumeration(field.bytes)) }
        }
        return file
    }

    private struct Field {
        var number: Int
        var value: UInt64 = 0
        var bytes: ArraySlice<UInt8> = []
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    private static func fields(_ slice: ArraySlice<UInt8>) throws(ProtoFile.Fault) -> [Field] {
        let bytes = Array(slice)
        var found: [Field] = []
        var failure: ProtoReader.Fault?
        bytes.withUnsafeBytes { buffer in
            do throws(ProtoReader.Fault) {
                var reader = ProtoReader(buffer, 0..<buffer.count)
                while let tag = try reader.tag() {
                    if tag.wire == .varint {
                        found.append(Field(number: tag.number, value: try reader.varint()))
                    } else {
                        let range = try reader.content(tag.wire, number: tag.number)
                        found.append(Field(number: tag.number, bytes: bytes[range]))
                    }
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw ProtoFile.Fault(description: "the Protobuf descriptor cannot be read: \(failure)") }
        return found
    }

    private static func message(_ bytes: ArraySlice<UInt8>, _ syntax: String, depth: Int) throws(ProtoFile.Fault) -> ProtoFile.Message {
        guard depth < 50 else { throw ProtoFile.Fault(description: "the Protobuf descriptor is nested too deeply") }
        var message = ProtoFile.Message(name: "")
        for part in try fields(bytes) {
            switch part.number {
            case 1: message.name = part.text
            case 2: message.fields.append(try field(part.bytes, syntax))
            case 3: message.messages.append(try self.message(part.bytes, syntax, depth: depth + 1))
            case 4: message.enums.append(try enumeration(part.bytes))
            case 7: message.isMapEntry = try fields(part.bytes).contains { $0.number == 7 && $0.value != 0 }
            default: break
            }
        }
        return message
    }

    /// By the numbers of `FieldDescriptorProto.Type`.
    private static let scalars: [UInt64: ProtoFile.Scalar] = [
        1: .double, 2: .float, 3: .int64, 4: .uint64, 5: .int32, 6: .fixed64, 7: .fixed32, 8: .bool, 9: .string, 12: .bytes, 13: .uint32,
        15: .sfixed32, 16: .sfixed64, 17: .sint32, 18: .sint64,
    ]

    private static func field(_ bytes: ArraySlice<UInt8>, _ syntax: String) throws(ProtoFile.Fault) -> ProtoFile.Field {
        var (name, number, label, type, typeName, hasPresence) = ("", 0, UInt64(1), UInt64(0), "", syntax != "proto3")
        for part in try fields(bytes) {
            switch part.number {
            case 1: name = part.text
            case 3: number = Int(truncatingIfNeeded: part.value)
            case 4: label = part.value
            case 5: type = part.value
            case 6: typeName = part.text
            // In a oneof, which `optional` of proto3 is, too.
            case 9, 17: hasPresence = true
            default: break
            }
        }
        guard !name.isEmpty, (1...0x1fff_ffff).contains(number), scalars[type] != nil || !typeName.isEmpty else {
            throw ProtoFile.Fault(description: "the Protobuf descriptor has a field without name, number or type")
        }
        return ProtoFile.Field(
            name: name, number: number,
            label: label == 3 ? .repeated : label == 2 ? .required : hasPresence ? .explicit : .implicit,
            type: scalars[type].map { .scalar($0) } ?? .named(typeName))
    }

    private static func enumeration(_ bytes: ArraySlice<UInt8>) throws(ProtoFile.Fault) -> ProtoFile.Enumeration {
        var result = ProtoFile.Enumeration(name: "")
        for part in try fields(bytes) {
            if part.number == 1 { result.name = part.text }
            if part.number == 2 {
                var value = ProtoFile.Enumeration.Value(name: "", number: 0)
                for member in try fields(part.bytes) {
                    if member.number == 1 { value.name = member.text }
                    if member.number == 2 { value.number = Int32(truncatingIfNeeded: member.value) }
                }
                result.values.append(value)
            }
        }
        return result
    }
}
