internal import FoundationEssentials
internal import PipeCore
internal import Synchronization

/// A Protobuf schema, ready to frame: plans of its messages, each made when the first of its kind comes.
final class ProtobufSchema: Sendable {
    /// One message type of the schema.
    final class Writer: Sendable {
        let plan: ProtoPlan
        let avro: AvroWriterSchema

        init(_ schema: ProtoSchema, root: Int, added: AddedFields) throws(ProtoFile.Fault) {
            plan = try ProtoPlan(schema, root: root)
            do throws(AvroSchema.Fault) { avro = try AvroWriterSchema(plan.avroSchema, added: added) } catch {
                throw ProtoFile.Fault(description: "the schema's message cannot be written as Avro: \(error.description)")
            }
        }
    }

    let schema: ProtoSchema
    private let added: AddedFields
    private let writers = Mutex<[[Int]: Result<Writer, ProtoFile.Fault>]>([:])

    init(_ schema: ProtoSchema, added: AddedFields) {
        self.schema = schema
        self.added = added
    }

    /// - Parameter path: the indexes of Confluent's header.
    func writer(_ path: [Int]) -> Result<Writer, ProtoFile.Fault> {
        writers.withLock { writers in
            if let known = writers[path] { return known }
            let made: Result<Writer, ProtoFile.Fault>
            if let root = schema.message(at: path) {
                do throws(ProtoFile.Fault) { made = .success(try Writer(schema, root: root, added: added)) } catch {
                    made = .failure(error)
                }
            } else {
                // Not kept: messages can name any number of paths.
                return .failure(
                    ProtoFile.Fault(
                        description: "the schema has no message with the indexes \(path.map(String.init).joined(separator: ", "))"))
            }
            writers[path] = made
            return made
        }
    }

    /// What a registry gave: the text of a `.proto` file, or base64 of its descriptor.
    static func parse(_ registered: RegisteredSchema) throws(ProtoFile.Fault) -> ProtoSchema {
        let main = try file(registered.text, name: "")
        var others: [ProtoFile] = []
        for dependency in registered.dependencies { others.append(try file(dependency.text, name: dependency.name)) }
        return try ProtoSchema(main: main, others: others)
    }

    private static func file(_ text: String, name: String) throws(ProtoFile.Fault) -> ProtoFile {
        do throws(ProtoFile.Fault) { return try ProtoParser.parse(Array(text.utf8), name: name) } catch {
            guard let descriptor = Data(base64Encoded: text), var file = try? ProtoDescriptors.file(Array(descriptor)[...]) else {
                throw error
            }
            if !name.isEmpty { file.name = name }
            return file
        }
    }

    /// `protobufSchema` of the configuration: base64 of a `.proto` file, or of a descriptor set as `protoc --include_imports
    /// --descriptor_set_out` writes it, whose last file counts.
    static func parse(base64 text: String) throws(ProtoFile.Fault) -> ProtoSchema {
        guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !data.isEmpty else {
            throw ProtoFile.Fault(description: "the Protobuf schema is not base64")
        }
        let bytes = Array(data)
        // A descriptor set begins with the tag of its first file.
        if bytes[0] == 0x0a, let files = try? ProtoDescriptors.files(set: bytes), let main = files.last {
            return try ProtoSchema(main: main, others: Array(files.dropLast()))
        }
        return try ProtoSchema(main: try ProtoParser.parse(bytes))
    }
}
