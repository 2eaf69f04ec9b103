// A topic of Google Cloud Pub/Sub.

export const fields = [
    { path: "projectId", label: "Project", required: true, placeholder: "my-project" },
    { path: "topic", label: "Topic", required: true, hint: "The name alone, without projects/…/topics/" },
    { path: "format", label: "Format", type: "select", required: true, initial: "JSONEachRow", options: ["JSONEachRow", "Avro", "Protobuf"] },
    { path: "authentication", label: "Authentication", type: "select", required: true, initial: "SERVICE_ACCOUNT", change: true,
        options: [{ value: "SERVICE_ACCOUNT", text: "Service account key" }] },
    { path: "serviceAccountKey.serviceAccountFile", label: "Service account key", type: "base64", secret: true, required: true, change: true,
        credential: true, hint: "The JSON key file" },
    { path: "seekType", label: "Start reading", type: "select", required: true, initial: "latest", options: [
        { value: "latest", text: "With new messages" }, { value: "earliest", text: "At the oldest message" },
            { value: "timestamp", text: "At a time" }] },
    { path: "seekTimestamp", label: "From (UTC)", type: "rfc3339", required: true, when: (values) => values.seekType === "timestamp" },
    { path: "filter", label: "Filter", advanced: true, hint: "Subscription filter, at most 256 characters", placeholder: "attributes:region" },
    { path: "enableOrdering", label: "Keep the order of ordering keys", type: "check", part: "settings" },
    { path: "ackDeadline", label: "Acknowledgement deadline", type: "number", minimum: 10, maximum: 600, change: true, part: "settings",
        hint: "Seconds" },
];

export const virtualColumns = [];
