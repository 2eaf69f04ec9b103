// One endpoint: how to call it, its settings, history and use.
import { h, replace } from "../core/dom.js";
import { pageStyle } from "../core/libraries.js";
import { href, navigate, replaceAddress } from "../core/router.js";
import { can, permissions } from "../core/session.js";
import { button } from "../components/button.js";
import { codeBlock } from "../components/code.js";
import { empty, notice } from "../components/notice.js";
import { tabs } from "../components/tabs.js";
import { timeText } from "../components/time.js";
import { toast } from "../components/toast.js";
import { allKeys } from "../keys/data.js";
import { secretOnce } from "../keys/secret.js";
import { changeEndpoint, readEndpoint } from "./data.js";
import { endpointForm } from "./form.js";
import { historyPanel } from "./history.js";
import { takeSecrets } from "./made.js";
import { openapiPanel } from "./openapi.js";
import { addressLine, facts, sampleTabs } from "./provisioned.js";
import { removeEndpoint } from "./remove.js";
import { tryIt } from "./tryit.js";
import { usageOf, usagePanel } from "./usage.js";

export default async function page({ params, query, signal, title, service }) {
    await pageStyle("endpoints");
    let endpoint, keys;
    try {
        [endpoint, keys] = await Promise.all([readEndpoint(service, params.id, signal),
            allKeys(signal).catch((error) => { if (error.status === 403) return []; throw error; })]);
    } catch (error) {
        // 400: what stands in the address is no id.
        if (error.status !== 404 && error.status !== 400) throw error;
        title("No such endpoint");
        return h("div", { class: "page" }, h("h1", {}, "No such endpoint"),
            empty("It was deleted, or belongs to another service", "Choose another service at the left, or look in the list.",
            h("a", { class: "button", href: href("/endpoints") }, "All endpoints")));
    }
    const made = takeSecrets();
    const allowed = can(permissions.manageEndpoints, service);
    const why = allowed ? null : "Your key may not manage query API endpoints";
    const heading = h("h1", { class: "break" });
    const about = h("p", { class: "muted small" });
    // What was written under Settings stands there until the endpoint is another one, whatever tab is looked at meanwhile.
    let kept = null;

    function adopt(next) {
        endpoint = next;
        kept = null;
        title(endpoint.name);
        replace(heading, endpoint.name);
        replace(about, `Version ${endpoint.version ?? 1} runs. Updated `, timeText(endpoint.updatedAt, { relative: true }), ".");
    }
    adopt(endpoint);

    const titled = (text, content) => h("div", { class: "stack wide" }, h("h2", { class: "visually-hidden" }, text), content);
    const failed = (error) => error.name === "AbortError" ? "" : notice(error.message, "bad");

    const all = tabs("Endpoint", [
        { id: "overview", text: "Overview", show: () => [overview()] },
        { id: "try", text: "Try it", show: (left) => titled("Calls from here",
            tryIt(endpoint, service, { made, signal: left, onChanged: (changed) => { adopt(changed); all.choose("try"); } })) },
        { id: "settings", text: "Settings", show: () => kept ??= settings() },
        { id: "history", text: "History",
            show: (left) => historyPanel(endpoint, service, left,
            { allowed, why, onPublished: async (changed) => { adopt(changed); all.choose("history"); } }).catch(failed) },
        { id: "monitoring", text: "Monitoring", show: (left) => titled("Monitoring", usagePanel(usageOf(service, endpoint.id), left)) },
        { id: "openapi", text: "OpenAPI", show: (left) => openapiPanel(service, endpoint, left).catch(failed) },
    ], { initial: query.get("tab") ?? "overview",
    chosen: (id) => replaceAddress(`/endpoints/${endpoint.id}`, { tab: id === "overview" ? null : id }), signal });

    function overview() {
        return h("div", { class: "stack wide" }, h("h2", { class: "visually-hidden" }, "Overview"), made.map(secretOnce), addressLine(endpoint),
            sampleTabs(endpoint, made), facts(endpoint, keys),
            h("section", { class: "stack", "aria-label": "SQL" }, h("h3", {}, "SQL"), codeBlock(endpoint.sql, { mode: "text/x-sql", label: "SQL" })));
    }

    function settings() {
        if (!allowed) return titled("Settings",
            [notice(`${why}.`, "info"), facts(endpoint, keys), codeBlock(endpoint.sql, { mode: "text/x-sql", label: "SQL" })]);
        const form = endpointForm(endpoint, { keys, service, withSQL: true, isNew: false });
        const save = async (members, text) => {
            const changed = await form.send((body) => changeEndpoint(service, endpoint, { ...body, ...members }));
            if (!changed) return;
            for (const one of form.made) { keys.unshift(one.key); made.push(one); }
            adopt(changed);
            toast(changed.keptVersion ? `Kept as version ${changed.keptVersion}; publish it under History` : text);
            all.choose(changed.keptVersion ? "history" : "overview");
        };
        return h("div", { class: "stack wide" }, h("h2", { class: "visually-hidden" }, "Settings"), form,
            h("div", { class: "row" },
                button("Save changes", () => save({}, "The endpoint was changed"), { kind: "primary" }),
                button("Save the query as a draft", () => save({ publish: false }, "Everything but the query was changed"), {
                    title: "A changed query is kept as a version that does not run; everything else takes effect at once",
                })),
            h("section", { class: "card stack", "aria-label": "Delete" }, h("h3", {}, "Delete"),
                h("p", { class: "muted" }, "Its URL answers no more, and its history is lost."),
                h("div", { class: "row" },
                    button("Delete endpoint", async () => { if (await removeEndpoint(service, endpoint)) navigate("/endpoints"); },
                    { kind: "danger", symbol: "trash" }))));
    }

    return h("div", { class: "page" },
        h("nav", { "aria-label": "Path" }, h("a", { href: href("/endpoints") }, "API endpoints")),
        h("div", { class: "page-head" }, heading, about), all.element);
}
