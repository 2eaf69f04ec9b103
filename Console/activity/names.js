// Names of what entries are about; the audit log itself holds only ids.
import { get } from "../core/api.js";
import { knownServices } from "../core/services.js";
import { servicePath } from "../core/session.js";
import { allEndpoints } from "../endpoints/data.js";
import { allKeys } from "../keys/data.js";
import { target } from "./words.js";

const readers = {
    pipe: (service) => get(servicePath(service, "/clickpipes")), endpoint: (service) => allEndpoints(service),
    query: (service) => get(servicePath(service, "/saved-queries?limit=1000")),
};

/** Looks names up, a list once for each kind that occurs. `fill(entries)` answers a map of id to name. */
export function nameBook() {
    const names = new Map(knownServices().map((one) => [one.id, one.name]));
    const asked = new Set();

    async function once(mark, read) {
        if (asked.has(mark)) return;
        asked.add(mark);
        try {
            for (const one of await read()) names.set(one.id, one.name);
        } catch { /* not for this key: ids stand alone */ }
    }
    async function fill(entries) {
        const work = [];
        for (const entry of entries) {
            const { kind, id } = target(entry);
            if (!id || names.has(id)) continue;
            if (kind === "key") work.push(once("keys", allKeys));
            else if (readers[kind] && entry.serviceId) work.push(once(`${kind} ${entry.serviceId}`, () => readers[kind](entry.serviceId)));
        }
        await Promise.all(work);
        return names;
    }
    return { fill, names, forget: () => asked.clear() };
}
