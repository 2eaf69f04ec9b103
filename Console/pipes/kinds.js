// The kinds of source: what they are called and how one line says what a pipe reads and where it writes.

/** In the order in which they are offered. `databases`: tables of a database, each with a target of its own. */
export const kinds = [
    { id: "objectStorage", title: "Object storage", text: "Files in S3, MinIO, R2, Spaces, Google Cloud Storage or Azure", symbol: "folder" },
    { id: "kafka", title: "Kafka", text: "Topics of Apache Kafka, Redpanda, MSK, Confluent, WarpStream, Event Hubs", symbol: "pipe" },
    { id: "postgres", title: "Postgres", text: "Tables of a Postgres server: a copy, then every change", symbol: "service", databases: true },
    { id: "mysql", title: "MySQL and MariaDB", text: "Tables of a MySQL or MariaDB server: a copy, then every change", symbol: "service",
        databases: true },
    { id: "mongodb", title: "MongoDB", text: "Collections of a replica set or cluster: a copy, then every change", symbol: "service",
        databases: true },
    { id: "kinesis", title: "Amazon Kinesis", text: "Records of a Kinesis data stream", symbol: "pipe" },
    { id: "pubsub", title: "Google Pub/Sub", text: "Messages of a Pub/Sub topic", symbol: "pipe" },
    { id: "bigquery", title: "Google BigQuery", text: "Tables of BigQuery datasets", symbol: "table", databases: true },
];

export const kindOf = (id) => kinds.find((one) => one.id === id) ?? { id, title: id, text: "", symbol: "pipe" };

/** The kind of a pipe of the API: its source has one member. */
export const pipeKind = (pipe) => Object.keys(pipe.source ?? {})[0] ?? pipe.kind ?? "unknown";
export const isDatabase = (kind) => kindOf(kind).databases === true;

/** What a pipe reads: bucket, topics, stream or database. */
export function sourceText(pipe) {
    const kind = pipeKind(pipe);
    const source = pipe.source?.[kind] ?? {};
    switch (kind) {
    case "objectStorage": return source.url ?? [source.azureContainerName, source.path].filter(Boolean).join("/");
    case "kafka": return source.topics ?? "";
    case "kinesis": return [source.streamName, source.region].filter(Boolean).join(" in ");
    case "pubsub": return [source.projectId, source.topic].filter(Boolean).join("/");
    case "postgres": return `${source.host ?? ""}:${source.port ?? 5432}/${source.database ?? ""}`;
    case "mysql": return `${source.host ?? ""}:${source.port ?? 3306}`;
    case "mongodb": return source.uri ?? "";
    case "bigquery": return source.projectId ?? source.snapshotStagingPath ?? "";
    default: return "";
    }
}

/** Names of the tables that a pipe writes, with their database. */
export function targets(pipe) {
    const database = pipe.destination?.database ?? "default";
    const kind = pipeKind(pipe);
    if (isDatabase(kind)) return (pipe.source?.[kind]?.tableMappings ?? []).map((one) => `${database}.${one.targetTable}`);
    return pipe.destination?.table ? [`${database}.${pipe.destination.table}`] : [];
}

export function targetText(pipe) {
    const all = targets(pipe);
    return all.length > 1 ? `${all[0]} and ${all.length - 1} more` : all[0] ?? "";
}

/** The source end of a mapping: schema and table, dataset and table, or database and collection. */
export const mappingSource = (mapping) => [mapping.sourceSchemaName ?? mapping.sourceDatasetName ?? mapping.sourceDatabaseName,
    mapping.sourceTable ?? mapping.sourceCollection].filter(Boolean).join(".");
