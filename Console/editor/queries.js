// Saved queries over the API. A folder is the part of the name before the last "/".
import { envelope, get, post, put, query, remove } from "../core/api.js";
import { servicePath } from "../core/session.js";

const path = (service, id = null) => servicePath(service, `/saved-queries${id ? `/${encodeURIComponent(id)}` : ""}`);

export async function listQueries(service) {
    const all = [];
    let cursor = null;
    do {
        const page = await envelope("GET", path(service) + query({ limit: 100, cursor }));
        all.push(...(Array.isArray(page.result) ? page.result : page.result.items ?? []));
        cursor = page.nextCursor ?? page.result.pagination?.nextCursor ?? null;
    } while (cursor);
    return all.sort((a, b) => a.name.localeCompare(b.name));
}

export const loadQuery = (service, id) => get(path(service, id));
export const createQuery = (service, body) => post(path(service), body);
export const replaceQuery = (service, id, { name, sql, database, parameters }) => put(path(service, id), { name, sql, database, parameters });
export const deleteQuery = (service, id) => remove(path(service, id));

export const folderOf = (name) => name.includes("/") ? name.slice(0, name.lastIndexOf("/")).trim() : "";
export const leafOf = (name) => name.slice(name.lastIndexOf("/") + 1).trim();
export const joinedName = (folder, leaf) => [folder.trim().replace(/^\/+|\/+$/g, ""), leaf.trim()].filter(Boolean).join("/");
