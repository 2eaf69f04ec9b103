internal import PipeCore

/// Asks the registry before a pipe is made: is it there, does it let us in, is the pinned schema there and of use for the format.
struct FormatProbe {
    private let configuration: KafkaConfiguration
    private let path = KafkaConfiguration.path["schemaRegistry"]

    init(_ configuration: KafkaConfiguration) { self.configuration = configuration }

    func findings() async -> [Finding] {
        if let text = configuration.protobufSchema, configuration.format == .protobuf {
            do throws(ProtoFile.Fault) {
                let parsed = try ProtobufSchema.parse(base64: text)
                _ = try ProtoPlan(parsed, root: parsed.roots[0])
            } catch {
                return [Finding(.failure, KafkaConfiguration.path["protobufSchema"], "cannot be used: \(error.description)")]
            }
            return []
        }
        do throws(PipeError) {
            guard let access = try KafkaConfiguration.SchemaRegistry.Access(configuration.schemaRegistry) else {
                return configuration.format == .protobuf
                    ? [Finding(.failure, KafkaConfiguration.path["protobufSchema"], "is required for Protobuf without a schemaRegistry")]
                    : []
            }
            do throws(RegistryFault) {
                guard access.hasPin else {
                    try await access.source.reach()
                    return []
                }
                return check(try await access.source.schema(.configured))
            } catch {
                switch error {
                case .missing(let reason): return [Finding(.failure, path["url"], "failed to access: \(reason)")]
                case .registry(let trouble): return [Finding(.failure, field(trouble), "failed to access: \(trouble.message)")]
                }
            }
        } catch {
            return [Finding(.failure, field(error), error.message)]
        }
    }

    private func field(_ error: PipeError) -> FieldPath { error.code == .sourceDenied ? path["credentials"] : path["url"] }

    private func check(_ schema: RegisteredSchema) -> [Finding] {
        let wanted: RegisteredSchema.Kind
        switch configuration.format {
        case .jsonEachRow: wanted = .json
        case .avro, .avroConfluent: wanted = .avro
        case .protobuf: wanted = .protobuf
        }
        guard schema.kind == wanted else {
            return [
                Finding(
                    .failure, path["url"],
                    "names a schema of type \(schema.kind.rawValue); the format \(configuration.format.rawValue) needs \(wanted.rawValue)")
            ]
        }
        switch wanted {
        case .json: return []
        case .avro:
            do throws(AvroSchema.Fault) {
                _ = try AvroSchema(AvroReferences.inlined(schema))
                return []
            } catch {
                return [Finding(.failure, path["url"], "names a schema that cannot be used: \(error.description)")]
            }
        case .protobuf:
            do throws(ProtoFile.Fault) {
                let parsed = try ProtobufSchema.parse(schema)
                _ = try ProtoPlan(parsed, root: parsed.roots[0])
                return []
            } catch {
                return [Finding(.failure, path["url"], "names a schema that cannot be used: \(error.description)")]
            }
        }
    }
}
