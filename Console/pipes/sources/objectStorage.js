// Files of an object store.

const byKey = (values) => values.authentication === "IAM_USER";
const azure = (values) => values.type === "azureblobstorage";
const offered = {
    s3: ["", "IAM_USER", "IAM_ROLE"], gcs: ["", "IAM_USER", "SERVICE_ACCOUNT", "SERVICE_ACCOUNT_WORKLOAD_IDENTITY"], dospaces: ["", "IAM_USER"],
    cloudflarer2: ["", "IAM_USER"], ovhobjectstorage: ["", "IAM_USER"], azureblobstorage: ["CONNECTION_STRING"],
};
const words = {
    "": "None: the files are public", IAM_USER: "Access key", IAM_ROLE: "AWS role", CONNECTION_STRING: "Connection string",
        SERVICE_ACCOUNT: "Service account key",
    SERVICE_ACCOUNT_WORKLOAD_IDENTITY: "Workload identity",
};
const queued = (values) => ["s3", "gcs"].includes(values.type) && values.isContinuous === true;

export const fields = [
    { path: "type", label: "Store", type: "select", required: true, initial: "s3", options: [
        { value: "s3", text: "Amazon S3, MinIO, Ceph (s3)" }, { value: "gcs", text: "Google Cloud Storage (gcs)" },
        { value: "azureblobstorage", text: "Azure Blob Storage" }, { value: "cloudflarer2", text: "Cloudflare R2" },
            { value: "dospaces", text: "DigitalOcean Spaces" },
        { value: "ovhobjectstorage", text: "OVHcloud Object Storage" }] },
    { path: "url", full: true, label: "Files", required: true, placeholder: "https://bucket.s3.eu-west-1.amazonaws.com/folder/*.json",
        when: (values) => !azure(values),
        hint: "URL with wildcards: * within a folder, ** across folders, {a,b}, {1..12}" },
    { path: "azureContainerName", label: "Container", required: true, change: true, when: azure },
    { path: "path", label: "Files in the container", change: true, when: azure, placeholder: "folder/*.json" },
    { path: "format", label: "Format", type: "select", required: true, initial: "JSONEachRow",
        options: ["JSONEachRow", "JSONAsObject", "CSV", "CSVWithNames", "TabSeparated", "TabSeparatedWithNames", "Parquet", "Avro"] },
    { path: "delimiter", label: "Delimiter", placeholder: ",", when: (values) => ["CSV", "CSVWithNames"].includes(values.format),
        hint: "One character" },
    { path: "compression", label: "Compression", type: "select", initial: "", advanced: true,
        options: [{ value: "", text: "By the name of the file" }, "none", "gzip", "brotli", "xz", "LZMA", "zstd"] },
    { path: "authentication", label: "Authentication", type: "select", initial: "IAM_USER", change: true,
        options: (values) => (offered[values.type] ?? offered.s3).map((value) => ({ value, text: words[value] })) },
    { path: "accessKey.accessKeyId", label: "Access key id", required: true, change: true, credential: true, when: byKey },
    { path: "accessKey.secretKey", label: "Secret key", secret: true, required: true, change: true, credential: true, when: byKey },
    { path: "iamRole", label: "Role", required: true, change: true, placeholder: "arn:aws:iam::…:role/…",
        when: (values) => values.authentication === "IAM_ROLE",
        hint: "Penstock's own AWS identity assumes it" },
    { path: "connectionString", label: "Connection string", secret: true, required: true, change: true, credential: true, when: azure },
    { path: "serviceAccountKey", label: "Service account key", type: "base64", secret: true, required: true, change: true, credential: true,
        when: (values) => values.authentication === "SERVICE_ACCOUNT", hint: "The JSON key file" },
    { path: "isContinuous", label: "Keep loading new files", type: "check",
        hint: "New files must sort after those already loaded. Without it, the pipe completes when everything is loaded" },
    { path: "queueUrl", label: "Queue of notifications", advanced: true, when: queued,
        hint: "SQS queue URL, or projects/<project>/subscriptions/<name>" },
    { path: "skipInitialLoad", label: "Load only files that the queue announces", type: "check", change: true, advanced: true,
        when: (values) => queued(values) && Boolean(values.queueUrl) },
    { path: "startAfter", label: "Start after key", change: true, advanced: true, hint: "Files up to and including this key are skipped" },
];

export const virtualColumns = [
    { name: "_path", type: "String" }, { name: "_file", type: "String" }, { name: "_size", type: "UInt64" }, { name: "_time", type: "DateTime" },
    { name: "_etag", type: "String" }, { name: "_row_number", type: "UInt64" },
];
