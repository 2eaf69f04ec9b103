// The button beside Share: it appears with the endpoint's first call and opens what is known of its calls.
import { h } from "../core/dom.js";
import { get } from "../core/api.js";
import { href } from "../core/router.js";
import { listen } from "../core/events.js";
import { pageStyle } from "../core/libraries.js";
import { button } from "../components/button.js";
import { openDialog } from "../components/dialog.js";
import { usageOf, usagePanel } from "./usage.js";

/** Opens the fly-out; the promise is kept when it is closed. */
export async function openMonitoring(endpoint, service) {
    await pageStyle("endpoints");
    const ended = new AbortController();
    await openDialog(`Calls of ${endpoint.name}`, () => ({
        body: [usagePanel(usageOf(service, endpoint.id), ended.signal),
            h("p", {}, h("a", { href: href(`/endpoints/${endpoint.id}`) }, "Open the endpoint's page"))],
    }), { flyout: true });
    ended.abort();
}

/** The button; hidden until the endpoint was called once. It follows the live counts until the signal is aborted. */
export async function monitoringButton(endpoint, service, signal) {
    const node = button("Monitoring", () => openMonitoring(endpoint, service), { symbol: "chart", attributes: { "data-test": "monitoring" } });
    node.hidden = true;
    const show = () => { node.hidden = false; };
    const look = async () => {
        if (!node.hidden) return;
        try {
            if ((await get(`${usageOf(service, endpoint.id).path}/calls?limit=1`, { signal })).length) show();
        } catch { /* a stopped service, or nothing to see: the button stays away */ }
    };
    listen("calls", (data) => { if (data.endpoints?.[endpoint.id] > 0) show(); }, signal);
    window.addEventListener("endpointcall", (event) => { if (event.detail === endpoint.id) look(); }, { signal });
    // Who called it from a terminal comes back to this window.
    window.addEventListener("focus", look, { signal });
    await look();
    return node;
}
