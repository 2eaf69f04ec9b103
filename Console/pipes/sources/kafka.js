// Kafka and what speaks its protocol.

const plain = ["PLAIN"], scram = ["SCRAM-SHA-256", "SCRAM-SHA-512"];

// Which authentications the services offer; the server checks the same.
const offered = {
    kafka: [...plain, ...scram, "MUTUAL_TLS"], redpanda: [...scram, "MUTUAL_TLS"], msk: ["SCRAM-SHA-512", "IAM_ROLE", "IAM_USER", "MUTUAL_TLS"],
    gcmk: [...plain, "MUTUAL_TLS", "SERVICE_ACCOUNT_WORKLOAD_IDENTITY"], confluent: [...plain, "MUTUAL_TLS"], warpstream: plain,
    azureeventhub: plain, dokafka: ["SCRAM-SHA-256", "MUTUAL_TLS"],
};

const words = {
    PLAIN: "User and password (PLAIN)", "SCRAM-SHA-256": "User and password (SCRAM-SHA-256)", "SCRAM-SHA-512": "User and password (SCRAM-SHA-512)",
    IAM_ROLE: "AWS role (IAM_ROLE)", IAM_USER: "AWS access key (IAM_USER)", MUTUAL_TLS: "Client certificate (MUTUAL_TLS)",
    SERVICE_ACCOUNT_WORKLOAD_IDENTITY: "Workload identity",
};

const isLogin = (values) => ["PLAIN", ...scram].includes(values.authentication) && values.type !== "azureeventhub";
const isHub = (values) => values.authentication === "PLAIN" && values.type === "azureeventhub";
const is = (name) => (values) => values.authentication === name;
const hasRegistry = (values) => values.format === "AvroConfluent" || values.useRegistry === true;
const isGlue = (values) => hasRegistry(values) && values["schemaRegistry.type"] === "glue";
const isConfluent = (values) => hasRegistry(values) && values["schemaRegistry.type"] !== "glue";
const registryLogin = (values) => isConfluent(values) && values["schemaRegistry.authentication"] === "PLAIN";

export const fields = [
    { path: "type", label: "Service", type: "select", initial: "kafka", options: [
        { value: "kafka", text: "Apache Kafka" }, { value: "redpanda", text: "Redpanda" }, { value: "confluent", text: "Confluent Cloud" },
        { value: "msk", text: "Amazon MSK" }, { value: "warpstream", text: "WarpStream" }, { value: "azureeventhub", text: "Azure Event Hubs" },
        { value: "gcmk", text: "Google Managed Kafka" }, { value: "dokafka", text: "DigitalOcean Kafka" }] },
    { path: "brokers", label: "Brokers", required: true, placeholder: "broker-1:9092,broker-2:9092", hint: "host:port, with commas between" },
    { path: "topics", label: "Topics", required: true, placeholder: "orders", hint: "Names with commas between" },
    { path: "format", label: "Format", type: "select", required: true, initial: "JSONEachRow", options: [
        { value: "JSONEachRow", text: "JSON" }, { value: "Avro", text: "Avro container files" },
            { value: "AvroConfluent", text: "Avro with a schema registry" },
        { value: "Protobuf", text: "Protobuf" }] },
    { path: "authentication", label: "Authentication", type: "select", initial: "", change: true,
        options: (values) => [{ value: "", text: "None" },
            ...(offered[values.type] ?? offered.kafka).map((value) => ({ value, text: words[value] }))] },
    { path: "credentials.username", label: "User", required: true, change: true, credential: true, when: isLogin },
    { path: "credentials.password", label: "Password", secret: true, required: true, change: true, credential: true, when: isLogin },
    { path: "credentials.connectionString", label: "Connection string", secret: true, required: true, change: true, credential: true, when: isHub,
        hint: "Of the Event Hubs namespace: Endpoint=sb://…" },
    { path: "credentials.accessKeyId", label: "Access key id", required: true, change: true, credential: true, when: is("IAM_USER") },
    { path: "credentials.secretKey", label: "Secret key", secret: true, required: true, change: true, credential: true, when: is("IAM_USER") },
    { path: "iamRole", label: "Role", required: true, change: true, when: is("IAM_ROLE"), placeholder: "arn:aws:iam::…:role/…",
        hint: "Penstock's own AWS identity assumes it" },
    { path: "credentials.certificate", label: "Client certificate", type: "pem", required: true, change: true, credential: true,
        when: is("MUTUAL_TLS") },
    { path: "credentials.privateKey", label: "Private key", type: "pem", secret: true, required: true, change: true, credential: true,
        when: is("MUTUAL_TLS") },
    { path: "caCertificate", label: "CA certificate", type: "pem", change: true, advanced: true,
        hint: "PEM, for brokers with a private certificate authority; with it TLS is used" },

    { path: "useRegistry", label: "Use a schema registry", type: "check", virtual: true,
        when: (values) => ["JSONEachRow", "Protobuf"].includes(values.format) },
    { path: "schemaRegistry.type", label: "Schema registry", type: "select", initial: "confluent", when: hasRegistry,
        options: [{ value: "confluent", text: "Confluent, Redpanda, Karapace" }, { value: "glue", text: "AWS Glue" }] },
    { path: "schemaRegistry.url", label: "Registry URL", required: true, when: isConfluent, placeholder: "https://registry:8081",
        hint: "…/schemas/ids/<id> or …/subjects/<subject>/versions/<n> pins a schema" },
    { path: "schemaRegistry.authentication", label: "Registry authentication", type: "select", initial: "", when: isConfluent, change: true,
        options: [{ value: "", text: "None" }, { value: "PLAIN", text: "User and password" }] },
    { path: "schemaRegistry.credentials.username", label: "Registry user", required: true, when: registryLogin, change: true, credential: true },
    { path: "schemaRegistry.credentials.password", label: "Registry password", secret: true, required: true, when: registryLogin, change: true,
        credential: true },
    { path: "schemaRegistry.caCertificate", label: "Registry CA certificate", type: "pem", when: isConfluent, change: true, advanced: true },
    { path: "schemaRegistry.glueRegion", label: "AWS region", required: true, when: isGlue, placeholder: "eu-west-1" },
    { path: "schemaRegistry.glueRegistryName", label: "Glue registry", required: true, when: isGlue },
    { path: "schemaRegistry.glueRoleArn", label: "Glue role", when: isGlue, change: true,
        hint: "Role to assume; Penstock's own identity when empty" },
    { path: "protobufSchema", label: "Protobuf schema", type: "base64", when: (values) => values.format === "Protobuf" && !values.useRegistry,
        hint: "A .proto file or a descriptor set" },

    { path: "offset.strategy", label: "Start reading", type: "select", initial: "from_beginning", options: [
        { value: "from_beginning", text: "At the beginning of the topics" }, { value: "from_latest", text: "With new messages" },
            { value: "from_timestamp", text: "At a time" }] },
    { path: "offset.timestamp", label: "From (UTC)", type: "datetime", required: true,
        when: (values) => values["offset.strategy"] === "from_timestamp" },
    { path: "consumerGroup", label: "Consumer group", advanced: true, placeholder: "clickpipes-<id of the pipe>" },
    { path: "exactlyOnce", label: "Exactly once", type: "check", part: "settings",
        hint: "Each message is inserted exactly once across restarts; the table must deduplicate" },
    { path: "reversePrivateEndpointIds", label: "Private endpoints", type: "list", change: true, advanced: true,
        hint: "Ids of reverse private endpoints, with commas between" },
];

export const virtualColumns = [
    { name: "_key", type: "String" }, { name: "_timestamp", type: "DateTime64(3)" }, { name: "_partition", type: "Int32" },
        { name: "_offset", type: "Int64" },
    { name: "_topic", type: "String" }, { name: "_header_keys", type: "Array(String)" }, { name: "_header_values", type: "Array(String)" },
    { name: "_raw_message", type: "String" },
];
