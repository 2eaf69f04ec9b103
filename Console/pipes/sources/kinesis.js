// A data stream of Amazon Kinesis.

export const fields = [
    { path: "streamName", label: "Stream", required: true },
    { path: "region", label: "AWS region", required: true, placeholder: "eu-west-1" },
    { path: "format", label: "Format", type: "select", required: true, initial: "JSONEachRow",
        options: ["JSONEachRow", "Avro", "AvroConfluent", "Protobuf"] },
    { path: "authentication", label: "Authentication", type: "select", required: true, initial: "IAM_USER", change: true,
        options: [{ value: "IAM_USER", text: "Access key" }, { value: "IAM_ROLE", text: "AWS role" }] },
    { path: "accessKey.accessKeyId", label: "Access key id", required: true, change: true, credential: true,
        when: (values) => values.authentication === "IAM_USER" },
    { path: "accessKey.secretKey", label: "Secret key", secret: true, required: true, change: true, credential: true,
        when: (values) => values.authentication === "IAM_USER" },
    { path: "iamRole", label: "Role", required: true, change: true, placeholder: "arn:aws:iam::…:role/…",
        when: (values) => values.authentication === "IAM_ROLE" },
    { path: "iteratorType", label: "Start reading", type: "select", required: true, initial: "TRIM_HORIZON", options: [
        { value: "TRIM_HORIZON", text: "At the oldest record" }, { value: "LATEST", text: "With new records" },
            { value: "AT_TIMESTAMP", text: "At a time" }] },
    { path: "timestamp", label: "From (UTC)", type: "seconds", required: true, when: (values) => values.iteratorType === "AT_TIMESTAMP" },
    { path: "useEnhancedFanOut", label: "Enhanced fan-out", type: "check", part: "settings" },
    { path: "protobufSchema", label: "Protobuf schema", type: "base64", when: (values) => values.format === "Protobuf",
        hint: "A .proto file or a descriptor set" },
];

export const virtualColumns = [];
