// API keys as the API has them.
import { envelope, get, patch, post, query, remove } from "../core/api.js";
import { organizationPath } from "../core/session.js";

/** All keys of the organization. */
export async function allKeys(signal) {
    const keys = [];
    let cursor = null;
    do {
        const page = await envelope("GET", organizationPath("/keys") + query({ limit: 1000, cursor }), { signal });
        keys.push(...page.result);
        cursor = page.nextCursor ?? null;
    } while (cursor);
    return keys;
}

/** System and custom roles; none where the key may not see them. */
export async function allRoles(signal) {
    try {
        return await get(organizationPath("/roles"), { signal });
    } catch (error) {
        if (error.status === 403) return [];
        throw error;
    }
}

/** `{ key, keyId, keySecret }`: the only answer that ever holds the secret. */
export const createKey = (body) => post(organizationPath("/keys"), body);
export const changeKey = (id, body) => patch(organizationPath(`/keys/${id}`), body);
export const deleteKey = (id) => remove(organizationPath(`/keys/${id}`));

const soon = 14 * 86_400_000;

/** What a key is right now: `{ text, kind }`, kinds as of badges. */
export function keyState(key, now = Date.now()) {
    const left = key.expireAt ? new Date(key.expireAt).getTime() - now : Infinity;
    if (left <= 0) return { text: "Expired", kind: "bad" };
    if (key.state === "disabled") return { text: "Disabled", kind: "" };
    if (left < soon) {
        const days = Math.floor(left / 86_400_000);
        return { text: days >= 1 ? `Expires in ${days} ${days === 1 ? "day" : "days"}` : "Expires today", kind: "warn" };
    }
    return { text: "Enabled", kind: "good" };
}

/** Names of the key's roles. */
export const rolesOf = (key) => (key.assignedRoles ?? []).map((one) => one.roleName);

/** Whether a key with nothing but these roles surely may not run endpoints; custom roles are the server's to judge. */
export function cannotRun(key) {
    const roles = key.assignedRoles ?? [];
    return roles.every((one) => one.roleType === "system" && one.roleName === "Developer");
}
