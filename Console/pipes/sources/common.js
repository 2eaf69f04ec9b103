// Descriptors that several kinds share.

/** TLS of a database server. */
export const tlsFields = [
    { path: "caCertificate", label: "CA certificate", type: "pem", change: true, advanced: true,
        hint: "PEM of the authority that signed the server's certificate; the system's authorities when empty" },
    { path: "tlsHost", label: "TLS host", change: true, advanced: true,
        hint: "Name that the server's certificate carries, where it is not the host" },
    { path: "disableTls", label: "Connect without TLS", type: "check", change: true, advanced: true,
        hint: "Passwords and rows then travel readable" },
    { path: "skipCertVerification", label: "Accept any certificate", type: "check", change: true, advanced: true,
        hint: "Whoever stands between can then read along" },
];

/** How a database is copied; the members of `settings` that all of them have. */
export const snapshotFields = [
    { path: "settings.initialLoadParallelism", label: "Readers of one table", type: "number", minimum: 1, placeholder: "4", advanced: true,
        part: "settings", hint: "During the snapshot" },
    { path: "settings.snapshotNumRowsPerPartition", label: "Rows of one snapshot chunk", type: "number", minimum: 1000, placeholder: "100000",
        advanced: true, part: "settings" },
    { path: "settings.snapshotNumberOfParallelTables", label: "Tables copied at the same time", type: "number", minimum: 1, placeholder: "1",
        advanced: true, part: "settings" },
];

export const syncFields = [
    { path: "settings.syncIntervalSeconds", label: "Sync interval", type: "number", minimum: 1, placeholder: "60", change: true, part: "settings",
        hint: "Seconds that changes gather before they are written" },
    { path: "settings.pullBatchSize", label: "Batch size", type: "number", minimum: 1, placeholder: "100000", change: true, part: "settings",
        hint: "Rows after which changes are written earlier" },
];

export const deleteOnMerge = { path: "settings.deleteOnMerge", label: "Remove deleted rows when parts merge", type: "check", part: "settings",
    hint: "Instead of marking them by _peerdb_is_deleted only" };
export const nullable = { path: "settings.allowNullableColumns", label: "Make Nullable columns", type: "check", part: "settings",
    hint: "Otherwise NULL becomes the default of the column's type" };

export const replicationMode = {
    path: "settings.replicationMode", label: "Replication mode", type: "select", required: true, initial: "cdc", part: "tables",
    options: [{ value: "cdc", text: "Snapshot, then every change" }, { value: "snapshot", text: "Snapshot only" },
        { value: "cdc_only", text: "Changes only" }],
};

const engines = { path: "tableEngine", label: "Engine", type: "select", initial: "ReplacingMergeTree", options: [
    { value: "ReplacingMergeTree", text: "ReplacingMergeTree: the newest row of each key" }, { value: "MergeTree", text: "MergeTree: every change" },
    { value: "Null", text: "Null: for materialized views" }] };

/** The end of a table mapping's descriptors: target, engine and what is left out. */
export const targetTable = { path: "targetTable", label: "Target table", required: true, hint: "Made when it does not exist" };
export const engineField = engines;
export const columnFields = [
    { path: "excludedColumns", label: "Excluded columns", type: "list", hint: "Names with commas between", advanced: true },
    { path: "useCustomSortingKey", label: "Another sorting key than the source's primary key", type: "check", advanced: true },
    { path: "sortingKeys", label: "Sorting key", type: "list", hint: "Columns with commas between", advanced: true,
        when: (values) => values.useCustomSortingKey === true },
];
export const partitionFields = [
    { path: "partitionByExpr", label: "PARTITION BY", hint: "Expression for a target that the pipe makes", advanced: true },
];

/** Credentials by name and password, shown while `when` holds. */
export const loginFields = (when, { optional = false } = {}) => [
    { path: "credentials.username", label: "User", required: !optional, change: true, credential: true },
    { path: "credentials.password", label: "Password", secret: true, required: !optional, change: true, credential: true, when },
];
