// Tables of MySQL and MariaDB.
import { columnFields, deleteOnMerge, engineField, loginFields, nullable, partitionFields, replicationMode, snapshotFields, syncFields, targetTable,
    tlsFields } from "./common.js";

export const fields = [
    { path: "type", label: "Service", type: "select", initial: "mysql", options: [
        { value: "mysql", text: "MySQL" }, { value: "mariadb", text: "MariaDB" }, { value: "rdsmysql", text: "Amazon RDS for MySQL" },
        { value: "auroramysql", text: "Amazon Aurora" }, { value: "rdsmariadb", text: "Amazon RDS for MariaDB" },
            { value: "cloudsqlmysql", text: "Google Cloud SQL" },
        { value: "planetscalevitess", text: "PlanetScale" }] },
    { path: "host", label: "Host", required: true, change: true, placeholder: "db.example.com" },
    { path: "port", label: "Port", type: "number", minimum: 1, maximum: 65535, initial: 3306, change: true },
    { path: "authentication", label: "Authentication", type: "select", initial: "basic", change: true,
        options: [{ value: "basic", text: "User and password" }, { value: "IAM_ROLE", text: "AWS role (RDS, Aurora)" }] },
    ...loginFields((values) => values.authentication !== "IAM_ROLE"),
    { path: "iamRole", label: "Role", required: true, change: true, placeholder: "arn:aws:iam::…:role/…",
        when: (values) => values.authentication === "IAM_ROLE" },
    ...tlsFields,
    { path: "serverId", label: "Server id", type: "number", minimum: 1, maximum: 4294967295, change: true, advanced: true,
        hint: "Under which the pipe registers as a replica; chosen by Penstock when empty" },
    replicationMode,
    { path: "settings.replicationMechanism", label: "Position by", type: "select", initial: "", part: "tables",
        options: (values) => [{ value: "", text: "GTID" },
            ...(/mariadb/.test(values.type ?? "") ? [] : [{ value: "FILE_POS", text: "File and position" }])] },
    ...syncFields,
    { path: "settings.useCompression", label: "Compress the connection", type: "check", change: true, part: "settings" },
    nullable, deleteOnMerge, ...snapshotFields,
];

export const mapping = [
    { path: "sourceSchemaName", label: "Source database", required: true },
    { path: "sourceTable", label: "Source table", required: true },
    targetTable, engineField, ...columnFields,
    { path: "partitionKey", label: "Split the snapshot by", hint: "An indexed column", advanced: true },
    ...partitionFields,
];
