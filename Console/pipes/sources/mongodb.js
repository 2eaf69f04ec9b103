// Collections of MongoDB.
import { deleteOnMerge, engineField, loginFields, replicationMode, snapshotFields, syncFields, targetTable, tlsFields } from "./common.js";

export const fields = [
    { path: "uri", full: true, label: "Address", required: true, change: true, placeholder: "mongodb+srv://cluster.example.com",
        hint: "mongodb:// or mongodb+srv://; give user and password below, not in it" },
    ...loginFields(undefined, { optional: true }),
    { path: "readPreference", label: "Read from", type: "select", required: true, initial: "secondaryPreferred", change: true,
        options: ["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"] },
    ...tlsFields,
    replicationMode, ...syncFields, deleteOnMerge,
    { path: "settings.useJsonNativeFormat", label: "Store documents in JSON columns", type: "check", initial: true, part: "settings", always: true,
        hint: "Otherwise as text" },
    ...snapshotFields,
];

export const mapping = [
    { path: "sourceDatabaseName", label: "Source database", required: true },
    { path: "sourceCollection", label: "Source collection", required: true },
    targetTable, engineField,
];
