// The OpenAPI document of an endpoint, or of all of a service.
import { h } from "../core/dom.js";
import { envelope } from "../core/api.js";
import { codeBlock } from "../components/code.js";
import { button } from "../components/button.js";
import { toastError } from "../components/toast.js";
import { endpointPath } from "./data.js";

const path = (service, id) => endpointPath(service, id ? `/${id}/openapi` : "/openapi");

/** The document itself: it comes without an envelope. */
export const openapi = (service, id, signal) => envelope("GET", path(service, id), { signal });

/** Offers text to be saved as a file. */
export function saveText(text, name, type) {
    const address = URL.createObjectURL(new Blob([text], { type }));
    const link = h("a", { href: address, download: name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

const fileName = (name) => `${name.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "endpoint"}.openapi.json`;

/** A button that saves the document. `endpoint` null: of all endpoints of the service. */
export function openapiButton(service, endpoint, options = {}) {
    return button(endpoint ? "Download OpenAPI" : "OpenAPI of all", async () => {
        try {
            saveText(JSON.stringify(await openapi(service, endpoint?.id), null, 2), fileName(endpoint?.name ?? "endpoints"), "application/json");
        } catch (error) { toastError(error); }
    }, { symbol: "download", ...options });
}

export async function openapiPanel(service, endpoint, signal) {
    const document = await openapi(service, endpoint.id, signal);
    return h("div", { class: "stack" },
        h("div", { class: "row apart" },
            h("p", { class: "muted" }, "For generators of clients, gateways and tools: the URL, every parameter with its type, formats and errors."),
        openapiButton(service, endpoint)),
        codeBlock(JSON.stringify(document, null, 2), { mode: "application/json", label: "OpenAPI document" }));
}
