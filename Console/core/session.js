// Who is signed in, and what they may do.
import { bindSession, envelope } from "./api.js";

let current = null;
const path = "/console/session";

/** The session: `key` {id, name}, `organization` {id, name}, `permissions` (of the organization), `services` ({id: permissions}), `expiresAt`. */
export function session() {
    return current;
}

function adopt(result) {
    current = result;
    bindSession(result?.csrfToken ?? null, ended);
    return current;
}

/** The event's detail is the session that ended. */
function ended() {
    if (!current) return;
    const before = current;
    current = null;
    window.dispatchEvent(new CustomEvent("sessionend", { detail: before }));
}

/** The session that this browser has, or null. Throws ApiError when Penstock does not answer. */
export async function resume() {
    try {
        return adopt((await envelope("GET", path)).result);
    } catch (error) {
        if (error.status === 401) return null;
        throw error;
    }
}

/** Throws ApiError: 401 for wrong credentials, 429 after too many of them. */
export async function signIn(credentials) {
    return adopt((await envelope("POST", path, { body: credentials })).result);
}

export async function signOut() {
    await envelope("DELETE", path);
    adopt(null);
}

// All windows share the cookie, but each has its own copy of the token: who signed in again in another window left this one with an old
// token, and every change from here would be refused. So whoever comes back to a window makes it ask anew.
let asking = null;

function lookAgain() {
    if (!current || document.hidden) return;
    asking ??= resume().catch(() => { /* the next request tells what is wrong */ }).finally(() => { asking = null; });
}
window.addEventListener("focus", lookAgain);
document.addEventListener("visibilitychange", lookAgain);

/** Whether the key holds the permission, on this service where it is one of services. Only for what is shown: the server checks. */
export function can(permission, service = null) {
    if (!current) return false;
    if (service) return (current.services[service] ?? []).includes(permission);
    return current.permissions.includes(permission) || Object.values(current.services).some((held) => held.includes(permission));
}

/** Names of the permissions that the console asks for. */
export const permissions = {
    manageOrganization: "control-plane:organization:manage",
    viewActivities: "control-plane:organization:view-activities",
    viewKeys: "control-plane:organization:view-api-keys",
    createKeys: "control-plane:organization:create-api-keys",
    updateKeys: "control-plane:organization:update-api-keys",
    deleteKeys: "control-plane:organization:delete-api-keys",
    viewService: "control-plane:service:view",
    manageService: "control-plane:service:manage",
    managePipes: "control-plane:service:manage-clickpipes",
    viewEndpoints: "control-plane:service:view-query-api-endpoints",
    manageEndpoints: "control-plane:service:manage-query-api-endpoints",
    runEndpoints: "control-plane:service:run-query-api-endpoints",
    useSQL: "sql-console:database:access",
};

/** Paths of the API below the organization, and below a service. */
export const organizationPath = (rest = "") => `/v1/organizations/${current.organization.id}${rest}`;
export const servicePath = (service, rest = "") => organizationPath(`/services/${service}${rest}`);
