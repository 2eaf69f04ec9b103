/// The files of Google's that registries leave out, as far as messages use them: names and numbers of fields from their
/// documentation ("Protocol Buffers Well-Known Types").
enum ProtoWellKnown {
    static func file(_ name: String) -> ProtoFile? {
        texts[name].flatMap { try? ProtoParser.parse(Array("syntax = \"proto3\"; package google.protobuf; \($0)".utf8), name: name) }
    }

    private static let wrappers: String = [
        ("Double", "double"), ("Float", "float"), ("Int64", "int64"), ("UInt64", "uint64"), ("Int32", "int32"), ("UInt32", "uint32"),
        ("Bool", "bool"), ("String", "string"), ("Bytes", "bytes"),
    ].map { "message \($0.0)Value { \($0.1) value = 1; }" }.joined()

    private static let texts: [String: String] = [
        "google/protobuf/timestamp.proto": "message Timestamp { int64 seconds = 1; int32 nanos = 2; }",
        "google/protobuf/duration.proto": "message Duration { int64 seconds = 1; int32 nanos = 2; }",
        "google/protobuf/empty.proto": "message Empty {}",
        "google/protobuf/any.proto": "message Any { string type_url = 1; bytes value = 2; }",  // allowed: a name of Google's
        "google/protobuf/field_mask.proto": "message FieldMask { repeated string paths = 1; }",
        "google/protobuf/wrappers.proto": wrappers,
        "google/protobuf/struct.proto": """
        message Struct { map<string, Value> fields = 1; }
        message Value {
          oneof kind {
            NullValue null_value = 1; double number_value = 2; string string_value = 3; bool bool_value = 4;
            Struct struct_value = 5; ListValue list_value = 6;
          }
        }
        enum NullValue { NULL_VALUE = 0; }
        message ListValue { repeated Value values = 1; }
        """,
        // Options only.
        "google/protobuf/descriptor.proto": "",
        "confluent/meta.proto": "", "confluent/type/decimal.proto": "",
    ]
}
