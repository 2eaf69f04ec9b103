// Entries of the audit log as sentences, and where they lead.
import { href } from "../core/router.js";

const words = {
    organization_update_name: "renamed the organization", openapi_key_update: "changed a key", key_create: "created a key",
    key_delete: "deleted a key", user_login: "signed in to the console", user_login_failed: "could not sign in to the console",
    user_logout: "signed out of the console",
    role_create: "created a role", role_update: "changed a role", role_delete: "deleted a role",
    service_start: "started a service", service_stop: "stopped a service", service_awaken: "started a service",
    service_update_name: "renamed a service",
    clickpipe_create: "created a pipe", clickpipe_update: "changed a pipe", clickpipe_delete: "deleted a pipe", clickpipe_start: "started a pipe",
    clickpipe_stop: "stopped a pipe",
    clickpipe_resync: "loaded a pipe anew", clickpipe_scale: "resized pipes", clickpipe_rewind: "rewound a pipe",
    clickpipe_settings_update: "changed settings of a pipe",
    clickpipe_errors_replay: "sent left-out records of a pipe again",
    clickpipe_reverse_private_endpoint_create: "stored a private endpoint", clickpipe_reverse_private_endpoint_update: "changed a private endpoint",
    clickpipe_reverse_private_endpoint_delete: "deleted a private endpoint",
    saved_query_create: "saved a query", saved_query_update: "changed a saved query", saved_query_delete: "deleted a saved query",
    query_endpoint_create: "published an endpoint", query_endpoint_update: "changed an endpoint",
    query_endpoint_publish: "published another version of an endpoint", query_endpoint_delete: "deleted an endpoint",
    query_endpoint_service_update: "allowed or changed SQL over HTTP", query_endpoint_service_delete: "turned SQL over HTTP off",
};

const changesOfKey = {
    created: "", deleted: "", enabled: "switched it on", disabled: "switched it off",
};

/** What was done: "created a pipe". Types that are not known here stand as they are. */
export const deed = (type) => words[type] ?? type.replaceAll("_", " ");

/** More about a change of a key. */
export function detail(entry) {
    if (!entry.keyUpdateType) return "";
    return changesOfKey[entry.keyUpdateType] ?? entry.keyUpdateType.replaceAll(/[-_]/g, " ");
}

const groups = [["key_", "key"], ["role_", "role"], ["service_", "service"], ["clickpipe_reverse", "private"], ["clickpipe_", "pipe"],
    ["saved_query", "query"], ["query_endpoint_service", "route"], ["query_endpoint", "endpoint"]];

/** What the entry is about: `{ kind, id }`; kind null for the organization. */
export function target(entry) {
    const type = entry.type.replace(/^openapi_/, "");
    const kind = groups.find(([start]) => type.startsWith(start))?.[1] ?? null;
    const id = { key: entry.targetKeyId, service: entry.serviceId, route: entry.serviceId }[kind] ?? entry.targetId ?? null;
    return { kind, id };
}

/** The page about it, where there is one and it was not deleted. */
export function targetLink({ kind, id }, deleted) {
    if (!id || deleted) return kind === "key" ? href("/keys") : null;
    return { pipe: href(`/pipes/${id}`), endpoint: href(`/endpoints/${id}`), query: href(`/queries/${id}`), service: href(`/services/${id}`),
        route: href(`/services/${id}`), key: href("/keys") }[kind] ?? null;
}
