// Where a key may call: endpoints and routes for any SQL that it is bound to, of every service.
import { get, post } from "../core/api.js";
import { organizationPath, servicePath } from "../core/session.js";
import { allEndpoints, changeEndpoint, readEndpoint } from "../endpoints/data.js";

/** `[{ service, endpoint }]`; `endpoint` null: the route for any SQL, which is then in `route`. What may not be seen is left out. */
export async function usesOf(keyID) {
    const services = (await get(organizationPath("/services"))).filter((one) => one.state !== "terminated");
    const uses = [];
    await Promise.all(services.map(async (service) => {
        try {
            for (const endpoint of await allEndpoints(service.id)) if (endpoint.apiKeyIds.includes(keyID)) uses.push({ service, endpoint });
        } catch (error) { if (error.status !== 403) throw error; }
        try {
            const route = await get(servicePath(service.id, "/serviceQueryEndpoint"));
            if (route.openApiKeys.includes(keyID)) uses.push({ service, endpoint: null, route });
        } catch (error) { if (error.status !== 404 && error.status !== 403) throw error; }
    }));
    return uses;
}

export const nameOfUse = (use) => use.endpoint?.name ?? `Any SQL on ${use.service.name}`;

/** Lets another key call there too. */
export async function bindToo(use, keyID) {
    if (!use.endpoint) {
        const { roles, openApiKeys, allowedOrigins } = await get(servicePath(use.service.id, "/serviceQueryEndpoint"));
        if (!openApiKeys.includes(keyID)) await post(servicePath(use.service.id, "/serviceQueryEndpoint"),
            { roles, allowedOrigins, openApiKeys: [...openApiKeys, keyID] });
        return;
    }
    const endpoint = await readEndpoint(use.service.id, use.endpoint.id);
    if (!endpoint.apiKeyIds.includes(keyID)) await changeEndpoint(use.service.id, endpoint, { apiKeyIds: [...endpoint.apiKeyIds, keyID] });
}
