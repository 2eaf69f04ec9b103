// Reverse private endpoints: stored for pipes that name them, never connected.
import { h, replace } from "../core/dom.js";
import { get } from "../core/api.js";
import { servicePath } from "../core/session.js";
import { dataTable } from "../components/table.js";

/** A card, hidden where there is none. */
export function privateSection(service, signal) {
    const node = h("section", { class: "card stack", "aria-label": "Private endpoints", hidden: true });
    get(servicePath(service.id, "/clickpipesReversePrivateEndpoints"), { signal }).then((found) => {
        if (found.length === 0) return;
        replace(node, h("h2", {}, "Private endpoints"),
            h("p", { class: "muted" }, "Stored so that pipes can name them. Penstock builds no private network connection: the network is yours."),
            dataTable("Private endpoints", [
                { title: "Description", cell: (one) => h("span", { class: "break" }, one.description ?? one.id) },
                { title: "Kind", cell: (one) => one.type },
                { title: "Target", cell: (one) => h("span", { class: "break" },
                    one.vpcEndpointServiceName ?? one.mskClusterArn ?? one.gcpServiceAttachment ?? one.vpcResourceConfigurationId ?? "–") },
                { title: "State", cell: (one) => h("span", { class: "badge", title: one.statusMessage ?? null }, one.status ?? "–") },
            ]).update(found));
        node.hidden = false;
    }, () => { /* not for this key, or not there: nothing to show */ });
    return node;
}
