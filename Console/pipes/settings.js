// Ingestion settings and size of pipes that are no database's: what they mean and what they are unless set.


/** Descriptors of `settings`; `placeholder` is the default. */
export const ingestionSettings = [
    { path: "streaming_max_insert_wait_ms", label: "Longest wait of a batch", type: "number", minimum: 500, maximum: 60000, placeholder: "5000",
        kinds: ["kafka", "kinesis", "pubsub"],
        hint: "Milliseconds; less is fresher, more makes larger and fewer inserts" },
    { path: "kafka_read_committed", label: "Skip messages of aborted transactions", type: "check", kinds: ["kafka"] },
    { path: "object_storage_polling_interval_ms", label: "Pause between two listings", type: "number", minimum: 100, maximum: 3600000,
        placeholder: "30000", kinds: ["objectStorage"], hint: "Milliseconds; for pipes that keep loading" },
    { path: "object_storage_max_file_count", label: "Most files in a batch", type: "number", minimum: 1, maximum: 10000, placeholder: "100",
        kinds: ["objectStorage"] },
    { path: "object_storage_max_insert_bytes", label: "Most bytes in a batch", type: "number", minimum: 10485760, maximum: 53687091200,
        placeholder: "10737418240", kinds: ["objectStorage"], hint: "As stored; a larger file is refused" },
    { path: "object_storage_concurrency", label: "Batches at the same time", type: "number", minimum: 1, maximum: 35, placeholder: "1",
        kinds: ["objectStorage"] },
    { path: "clickhouse_max_threads", label: "max_threads", type: "number", minimum: 0, maximum: 64, placeholder: "0", advanced: true,
        kinds: ["objectStorage"], hint: "Of the load in ClickHouse; 0 lets the server choose" },
    { path: "clickhouse_max_insert_threads", label: "max_insert_threads", type: "number", minimum: 0, maximum: 16, placeholder: "1", advanced: true,
        kinds: ["objectStorage"] },
    { path: "clickhouse_max_download_threads", label: "max_download_threads", type: "number", minimum: 0, maximum: 32, placeholder: "4",
        advanced: true, kinds: ["objectStorage"] },
    { path: "clickhouse_min_insert_block_size_bytes", label: "min_insert_block_size_bytes", type: "number", minimum: 0, maximum: 10737418240,
        placeholder: "1073741824", advanced: true, kinds: ["objectStorage"] },
    { path: "clickhouse_parallel_distributed_insert_select", label: "parallel_distributed_insert_select", type: "number", minimum: 0, maximum: 2,
        placeholder: "2", advanced: true, kinds: ["objectStorage"] },
    { path: "object_storage_use_cluster_function", label: "Read through the cluster function", type: "check", initial: true, always: true,
        advanced: true, kinds: ["objectStorage"], hint: "Where the service has a cluster" },
    { path: "clickhouse_parallel_view_processing", label: "parallel_view_processing", type: "check", advanced: true, kinds: ["objectStorage"] },
];

export const settingsOf = (kind) => ingestionSettings.filter((one) => one.kinds.includes(kind));

/** Descriptors of `scaling`. */
export const scalingFields = [
    { path: "replicas", label: "Replicas", type: "number", minimum: 1, maximum: 40, placeholder: "1", hint: "Parallel readers" },
    { path: "replicaMemoryGb", label: "Memory of one", type: "number", minimum: 0.5, maximum: 8, placeholder: "0.5",
        hint: "GiB, 0.5 to 8; larger batches" },
    { path: "replicaCpuMillicores", label: "CPU of one", type: "number", minimum: 125, maximum: 2000, placeholder: "125",
        hint: "Millicores, 125 to 2000" },
];
