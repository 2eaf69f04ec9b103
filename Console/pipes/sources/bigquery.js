// Tables of Google BigQuery. Such a pipe cannot be changed after it was created.
import { columnFields, engineField, nullable, snapshotFields, targetTable } from "./common.js";

const follows = (values) => values["settings.replicationMode"] !== "snapshot";
const number = (name, label, hint) => ({ path: `settings.${name}`, label, type: "number", minimum: 1, advanced: true, part: "settings", when: follows,
    hint });

export const fields = [
    { path: "authentication", label: "Authentication", type: "select", initial: "SERVICE_ACCOUNT",
        options: [{ value: "SERVICE_ACCOUNT", text: "Service account key" },
            { value: "SERVICE_ACCOUNT_WORKLOAD_IDENTITY", text: "Workload identity" }] },
    { path: "credentials.serviceAccountFile", label: "Service account key", type: "base64", secret: true, required: true, credential: true,
        hint: "The JSON key file",
        when: (values) => values.authentication === "SERVICE_ACCOUNT" },
    { path: "projectId", label: "Project", hint: "Of the datasets; that of the service account when empty" },
    { path: "snapshotStagingPath", label: "Staging path", required: true, placeholder: "gs://bucket/folder", hint: "BigQuery exports to it" },
    { path: "settings.replicationMode", label: "Replication mode", type: "select", initial: "snapshot", part: "tables",
        options: [{ value: "snapshot", text: "Snapshot only" }, { value: "cdc", text: "Snapshot, then every change" },
            { value: "cdc_only", text: "Changes only" }] },
    { path: "settings.replicationMethod", label: "Changes are found", type: "select", required: true, initial: "query_based", part: "tables",
        when: follows,
        options: [{ value: "query_based", text: "By queries over a column that grows" },
            { value: "events_based", text: "By BigQuery's history of changes" }] },
    { path: "settings.syncIntervalSeconds", label: "Sync interval", type: "number", minimum: 1, part: "settings", when: follows,
        hint: "Seconds between two looks" },
    { path: "settings.syncCron", label: "Or by cron", part: "settings", when: follows, placeholder: "0 * * * *" },
    nullable, ...snapshotFields,
    number("queryCdcPullSyncParallelism", "Tables queried at the same time"),
    { ...number("syncDelaySeconds", "Age a change must have", "Seconds"), minimum: 0 },
    number("pullWindowSizeSeconds", "Longest span of one look", "Seconds"),
];

export const mapping = [
    { path: "sourceDatasetName", label: "Source dataset", required: true },
    { path: "sourceTable", label: "Source table", required: true },
    targetTable, engineField, ...columnFields,
    { path: "queryCdcWatermarkColumn", label: "Column that grows", advanced: true, hint: "For changes by queries" },
    { path: "eventsFunction", label: "History function", type: "select", initial: "", advanced: true,
        options: [{ value: "", text: "–" }, "appends", "changes"] },
];
