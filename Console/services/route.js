// The route for any SQL: which keys may run statements of their own on the service, and with which roles.
import { h, replace } from "../core/dom.js";
import { get, post, remove } from "../core/api.js";
import { can, permissions, servicePath, session } from "../core/session.js";
import { button } from "../components/button.js";
import { codeBlock, copyText } from "../components/code.js";
import { confirmed, openDialog } from "../components/dialog.js";
import { notice } from "../components/notice.js";
import { showProblems } from "../components/field.js";
import { toast } from "../components/toast.js";
import { originsField, roleField, split } from "../endpoints/access.js";
import { roleWords } from "../endpoints/data.js";
import { usagePanel } from "../endpoints/usage.js";
import { allKeys } from "../keys/data.js";
import { keyPicker } from "../keys/picker.js";

export function routeSection(service, signal) {
    const path = servicePath(service.id, "/serviceQueryEndpoint");
    const allowed = can(permissions.manageEndpoints, service.id);
    const why = allowed ? null : "Your key may not manage query API endpoints";
    const body = h("div", { class: "stack" }, h("div", { class: "skeleton route" }));
    const node = h("section", { class: "card stack", "aria-label": "SQL over HTTP" }, h("h2", {}, "SQL over HTTP"),
        h("p", { class: "muted" }, "Lets chosen keys run statements of their own on this service, without an endpoint for each."), body);

    async function load() {
        try {
            const [route, keys] = await Promise.all([
                get(path, { signal }).catch((error) => { if (error.status === 404) return null; throw error; }),
                allKeys(signal).catch((error) => { if (error.status === 403) return []; throw error; }),
            ]);
            show(route, keys);
        } catch (error) {
            if (error.name === "AbortError") return;
            replace(body, error.status === 403 ? h("p", { class: "muted" }, "Your key may not see who may.")
                : notice(error.message, "bad", h("div", { class: "row" }, button("Try again", load, { small: true, symbol: "refresh" }))));
        }
    }

    function show(route, keys) {
        if (!route) {
            replace(body, h("div", { class: "row" }, h("span", { class: "badge" }, "Off"), h("span", {}, "No key may run SQL of its own here.")),
                h("div", { class: "row" }, button("Allow SQL over HTTP", () => edit(null, keys), { disabled: !allowed, title: why })));
            return;
        }
        const address = `${location.origin}/service/${service.id}/run`;
        const names = route.openApiKeys.map((id) => keys.find((key) => key.id === id)?.name ?? "a key that you may not see");
        const facts = [["Keys", names.join(", ") || "none"], ["Database role", roleWords(route.roles)],
            ["Origins", split(route.allowedOrigins ?? "").join(", ") || "none: pages of other origins cannot call"]];
        replace(body, h("div", { class: "row" }, h("span", { class: "badge good" }, "On")),
            h("div", { class: "row tight address" }, h("code", { class: "break grow" }, address),
                button("Copy the URL for SQL", () => copyText(address), { symbol: "copy", small: true, iconOnly: true })),
            h("dl", { class: "terms" }, facts.map(([term, text]) => h("div", {}, h("dt", {}, term), h("dd", { class: "break" }, text)))),
            codeBlock([
                "curl --user '<key id>:<key secret>'", "-H 'Content-Type: application/json'", `-d '{"sql": "SELECT 1"}'`,
                `'${address}?format=JSONEachRow'`,
            ].join(" \\\n  "), { mode: "text/x-sh", label: "Call by curl" }),
            h("div", { class: "row" }, button("Change", () => edit(route, keys), { symbol: "edit", disabled: !allowed, title: why }),
                button("Calls", () => calls(route), { symbol: "chart" }),
                button("Turn off", () => off(route), { kind: "danger", symbol: "stop", disabled: !allowed, title: why })));
    }

    async function edit(route, keys) {
        const saved = await openDialog(route ? "Change SQL over HTTP" : "Allow SQL over HTTP", (close) => {
            const picker = keyPicker(keys,
                { chosen: route?.openApiKeys ?? [], path: "openApiKeys", name: `SQL on ${service.name}`,
                hint: "These keys may run any statement that the database role allows." });
            const role = roleField(route?.roles, { mayGrant: can(permissions.manageService, service.id) });
            const origins = originsField(split(route?.allowedOrigins ?? ""));
            const problem = h("div", { "aria-live": "polite" });
            const form = h("div", { class: "stack wide" }, picker, role, origins, problem);
            return {
                body: form,
                foot: [button("Cancel", () => close(picker.made.length > 0 || undefined)), button("Save", async () => {
                    try {
                        await post(path, { openApiKeys: picker.value(), roles: role.value(), allowedOrigins: origins.value().join(", ") });
                        toast("Saved");
                        close(true);
                    } catch (error) {
                        const rest = showProblems(form, error);
                        replace(problem, rest.length ? notice(rest.join("; "), "bad") : null);
                    }
                }, { kind: "primary" })],
            };
        }, { wide: true });
        if (saved) load();
    }

    async function off(route) {
        const own = route.openApiKeys.includes(session().key.id) ? " Your own key is one of them." : "";
        if (await confirmed("Turn SQL over HTTP off?", {
            text: `None of its ${route.openApiKeys.length} keys can run SQL of its own on “${service.name}” from then on.${own} `
                + `Query endpoints and this console's editor are not concerned.`, action: "Turn off", work: () => remove(path),
        })) { toast("SQL over HTTP is off"); load(); }
    }

    async function calls(route) {
        const ended = new AbortController();
        await openDialog(`SQL over HTTP on ${service.name}`, () => ({ body: usagePanel({ path, id: route.id }, ended.signal) }), { flyout: true });
        ended.abort();
    }

    load();
    return node;
}
