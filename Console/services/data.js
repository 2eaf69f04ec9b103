// ClickHouse services as the API has them, in words.
import { get, patch, rows } from "../core/api.js";
import { organizationPath, servicePath } from "../core/session.js";

export const readService = (id, signal) => get(servicePath(id), { signal });
export const allServices = (signal) => get(organizationPath("/services"), { signal });
export const renameService = (id, name) => patch(servicePath(id), { name });
export const commandService = (id, command) => patch(servicePath(id, "/state"), { command });

const words = {
    provisioning: ["Provisioning", "busy"], running: ["Running", "good"], starting: ["Starting", "busy"], stopping: ["Stopping", "busy"],
    stopped: ["Stopped", ""],
    degraded: ["Degraded", "warn"], failed: ["Failed", "bad"], terminated: ["Not in the configuration", ""],
};

/** `{ text, kind }`, kinds as of badges. */
export function stateWords(state) {
    const [text, kind] = words[state] ?? [state ?? "Unknown", ""];
    return { text, kind };
}

/** Where its server runs. */
export function placeWords(service) {
    if (service.isEmbedded === true) return "Embedded in Penstock";
    if (service.isEmbedded === false) return "Remote";
    const hosts = (service.endpoints ?? []).map((one) => one.host);
    return hosts.length > 0 && hosts.every((host) => /^(127\.|localhost$|::1$|\[::1\]$)/.test(host)) ? "On Penstock's machine" : "Remote";
}

const protocols = { https: "HTTP", nativesecure: "native", mysql: "MySQL" };

export const addressWords = ({ host, port, protocol }) => `${host}:${port} (${protocols[protocol] ?? protocol})`;

/** Uptime in seconds, name of the host, time zone; of the server itself. */
export async function serverFacts(id, signal) {
    return (await rows(id, "SELECT uptime() AS uptime, hostName() AS host, serverTimezone() AS zone", { signal }))[0];
}

/** The tables that people made, largest first, and the number of all of them. */
export async function tableSizes(id, signal) {
    return rows(id, `SELECT t.database AS database, t.name AS name, t.engine AS engine, t.total_rows AS rows, t.total_bytes AS bytes,
    p.parts AS parts, p.raw AS raw
FROM system.tables AS t
LEFT JOIN (SELECT database, table, count() AS parts, sum(data_uncompressed_bytes) AS raw FROM system.parts WHERE active GROUP BY database, table) AS p
    ON p.database = t.database AND p.table = t.name
WHERE t.database NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') AND NOT t.is_temporary
ORDER BY bytes DESC NULLS LAST, database, name LIMIT 500`, { signal });
}

export const diskSizes = (id, signal) => rows(id, "SELECT name, free_space AS free, total_space AS total FROM system.disks ORDER BY name",
    { signal });
