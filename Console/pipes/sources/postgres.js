// Tables of Postgres.
import { columnFields, deleteOnMerge, engineField, loginFields, nullable, partitionFields, replicationMode, snapshotFields, syncFields, targetTable,
    tlsFields } from "./common.js";

const policy = (path, label, options) => ({ path: `settings.schemaChanges.${path}`,
    label, type: "select", initial: "", change: true, advanced: true,
    part: "settings", options });

export const fields = [
    { path: "type", label: "Service", type: "select", initial: "postgres", options: [
        { value: "postgres", text: "Postgres" }, { value: "supabase", text: "Supabase" }, { value: "neon", text: "Neon" },
            { value: "rdspostgres", text: "Amazon RDS" },
        { value: "aurorapostgres", text: "Amazon Aurora" }, { value: "cloudsqlpostgres", text: "Google Cloud SQL" },
            { value: "alloydb", text: "AlloyDB" },
        { value: "azurepostgres", text: "Azure Database" }, { value: "crunchybridge", text: "Crunchy Bridge" },
            { value: "planetscale", text: "PlanetScale" },
        { value: "tigerdata", text: "Tiger Data" }] },
    { path: "host", label: "Host", required: true, change: true, placeholder: "db.example.com" },
    { path: "port", label: "Port", type: "number", minimum: 1, maximum: 65535, initial: 5432, change: true },
    { path: "database", label: "Database", required: true, change: true },
    { path: "authentication", label: "Authentication", type: "select", initial: "basic",
        options: [{ value: "basic", text: "User and password" }, { value: "IAM_ROLE", text: "AWS role (RDS, Aurora)" }] },
    ...loginFields((values) => values.authentication !== "IAM_ROLE"),
    { path: "iamRole", label: "Role", required: true, placeholder: "arn:aws:iam::…:role/…",
        when: (values) => values.authentication === "IAM_ROLE", hint: "May connect as the user; Penstock's own AWS identity assumes it" },
    ...tlsFields,
    replicationMode,
    { path: "settings.publicationName", label: "Publication", part: "tables",
        hint: "Made and kept by the pipe when empty, for which its user must own the tables",
        when: (values) => values["settings.replicationMode"] !== "snapshot" },
    { path: "settings.replicationSlotName", label: "Replication slot", part: "tables", hint: "An existing slot to go on from",
        when: (values) => values["settings.replicationMode"] === "cdc_only" },
    ...syncFields, nullable, deleteOnMerge, ...snapshotFields,
    { path: "settings.enableFailoverSlots", label: "Make a failover slot", type: "check", advanced: true, part: "settings", hint: "Postgres 17" },
    policy("dropColumn", "When a column is dropped", [{ value: "", text: "Keep it in the target" },
        { value: "drop", text: "Drop it in the target" }]),
    policy("renameColumn", "When a column is renamed", [{ value: "", text: "Add a column of the new name" },
        { value: "rename", text: "Rename it in the target" }]),
    policy("truncate", "When a table is truncated", [{ value: "", text: "Keep the rows" }, { value: "replicate", text: "Remove the rows" }]),
    policy("incompatible", "When a change cannot be followed", [{ value: "", text: "The table fails until it is resynced" },
        { value: "resyncTable", text: "Load the table anew" }]),
];

export const mapping = [
    { path: "sourceSchemaName", label: "Source schema", required: true, initial: "public" },
    { path: "sourceTable", label: "Source table", required: true },
    targetTable, engineField, ...columnFields, ...partitionFields,
];
