// Query API endpoints as the API has them.
import { envelope, get, post, put, query, remove } from "../core/api.js";
import { servicePath } from "../core/session.js";

export const endpointPath = (service, rest = "") => servicePath(service, `/query-api-endpoints${rest}`);

/** All endpoints of a service, without their SQL. */
export async function allEndpoints(service, signal) {
    const all = [];
    let cursor = null;
    do {
        const page = await envelope("GET", endpointPath(service) + query({ limit: 1000, cursor }), { signal });
        all.push(...page.result);
        cursor = page.nextCursor ?? null;
    } while (cursor);
    return all;
}

export const readEndpoint = (service, id, signal) => get(endpointPath(service, `/${id}`), { signal });
export const createEndpoint = (service, body) => post(endpointPath(service), body);
export const deleteEndpoint = (service, id) => remove(endpointPath(service, `/${id}`));

const writable = ["name", "sql", "database", "apiKeyIds", "roles", "parameters", "allowedOrigins", "format", "cacheSeconds", "answerVersion",
    "limits", "tokens", "savedQueryId"];

/**
 * Replaces an endpoint by itself with these members changed. The body is always whole: the API empties what is left out of `parameters`
 * and `allowedOrigins`, and keeps what is left out of the rest.
 */
export function changeEndpoint(service, endpoint, changes) {
    const body = {};
    for (const name of writable) if (endpoint[name] !== undefined) body[name] = endpoint[name];
    return put(endpointPath(service, `/${endpoint.id}`), { ...body, ...changes });
}

/** The endpoint that was made of a saved query, whole: one that names it, else one of the same name that names none. Null: there is none. */
export async function endpointOf(saved, service, signal) {
    const newest = (one, other) => String(other.createdAt).localeCompare(String(one.createdAt));
    const all = (await allEndpoints(service, signal)).sort(newest);
    const found = all.find((one) => one.savedQueryId === saved.id) ?? all.find((one) => !one.savedQueryId && one.name === saved.name);
    return found ? readEndpoint(service, found.id, signal) : null;
}

/** Database roles as people call them. */
export const roleWords = (roles) => (roles ?? []).map((role) => knownRoles[role] ?? role).join(", ");
const knownRoles = { sql_console_read_only: "Read only", sql_console_admin: "Full access" };
