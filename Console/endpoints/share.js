// The dialog behind Share → API Endpoint: from a saved query to a URL that answers.
import { h, replace } from "../core/dom.js";
import { can, permissions } from "../core/session.js";
import { pageStyle } from "../core/libraries.js";
import { button } from "../components/button.js";
import { codeBlock } from "../components/code.js";
import { openDialog } from "../components/dialog.js";
import { notice } from "../components/notice.js";
import { toast } from "../components/toast.js";
import { allKeys } from "../keys/data.js";
import { secretOnce } from "../keys/secret.js";
import { changeEndpoint, createEndpoint, endpointOf } from "./data.js";
import { diffView } from "./diff.js";
import { endpointForm } from "./form.js";
import { openapiButton } from "./openapi.js";
import { addressLine, facts, pageLink, sampleTabs } from "./provisioned.js";
import { parametersOf } from "./parameters.js";
import { removeEndpoint } from "./remove.js";
import { tryIt } from "./tryit.js";

/** Opens the dialog for a saved query `{ id, name, sql, database, parameters }`; answers its endpoint, undefined where it has none. */
export async function openShareDialog(saved, service) {
    await pageStyle("endpoints");
    const state = { endpoint: null, keys: [], made: [], ended: new AbortController() };
    await openDialog("API endpoint", (close) => {
        const body = h("div", { class: "stack wide share", "aria-busy": "true" },
            h("p", { class: "muted" }, `Looking for the endpoint of “${saved.name}”…`), h("div", { class: "skeleton tall" }));
        const foot = h("div", { class: "row" });
        load(state, saved, service, body, foot, close);
        return { body, foot };
    }, { wide: true });
    state.ended.abort();
    return state.endpoint ?? undefined;
}

async function load(state, saved, service, body, foot, close) {
    const view = { state, saved, service, body, foot, close };
    try {
        [state.endpoint, state.keys] = await Promise.all([endpointOf(saved, service),
            allKeys().catch((error) => { if (error.status === 403) return []; throw error; })]);
        if (state.endpoint) showEndpoint(view);
        else showForm(view, { name: saved.name, sql: saved.sql, database: saved.database, parameters: saved.parameters ?? {} });
    } catch (error) {
        replace(body, notice(error.message, "bad"));
        replace(foot, button("Try again", () => load(state, saved, service, body, foot, close), { symbol: "refresh" }));
    }
    body.removeAttribute("aria-busy");
}

function showForm(view, values, existing = null) {
    const { state, saved, service, body, foot } = view;
    if (!can(permissions.manageEndpoints, service)) {
        replace(body, notice("This query has no endpoint, and your key may not make one. Ask for the permission to manage query API endpoints.",
            "warn"));
        replace(foot, button("Close", () => view.close()));
        return;
    }
    const form = endpointForm(values, { keys: state.keys, service, isNew: !existing });
    const submit = button(existing ? "Save changes" : "Create endpoint", async () => {
        const result = await form.send((members) => {
            const body = { ...members, savedQueryId: saved.id };
            return existing ? changeEndpoint(service, existing, body) : createEndpoint(service, body);
        });
        if (!result) return;
        state.endpoint = result;
        for (const made of form.made) { state.made.push(made); state.keys.unshift(made.key); }
        if (existing) toast("The endpoint was changed");
        showEndpoint(view, !existing);
    }, { kind: "primary", attributes: { "data-test": "publish" } });
    replace(body,
        existing ? null : h("p", { class: "muted break" },
            `Publishes “${saved.name}” under a URL of its own. Callers choose values for its parameters, and nothing else.`),
        form);
    replace(foot, existing ? button("Back", () => showEndpoint(view)) : null, submit);
    body.closest(".dialog-body")?.scrollTo(0, 0);
    form.querySelector("input")?.focus();
}

function showEndpoint(view, isNew = false) {
    const { state, saved, service, body, foot, close } = view;
    const endpoint = state.endpoint;
    const allowed = can(permissions.manageEndpoints, service);
    const differs = endpoint.sql !== saved.sql || endpoint.database !== saved.database;
    const why = allowed ? null : "Your key may not manage query API endpoints";
    const publish = async () => {
        const known = new Set(parametersOf(saved.sql).map((one) => one.name));
        try {
            state.endpoint = await changeEndpoint(service, endpoint, {
                sql: saved.sql, database: saved.database,
                // Defaults of parameters that the new SQL has no more would be refused.
                parameters: Object.fromEntries(Object.entries(endpoint.parameters ?? {}).filter(([name]) => known.has(name))),
            });
            toast(`Version ${state.endpoint.version} runs now`);
            showEndpoint(view);
        } catch (error) { replace(problem, notice(error.message, "bad")); }
    };
    const problem = h("div", { "aria-live": "polite" });
    replace(body,
        isNew ? notice("The endpoint is live. Call it with one of its keys.", "good") : null,
        h("div", { class: "row apart" }, h("h3", { class: "break" }, endpoint.name),
            h("span", { class: "badge good" }, `Live, version ${endpoint.version ?? 1}`)),
        differs ? notice("The saved query was changed after it was published. Callers still get the published one.", "warn",
            h("details", {}, h("summary", {}, "Compare"), diffView(endpoint.sql, saved.sql, { before: "published", after: "saved" })),
            h("div", { class: "row" }, button("Publish the saved query", publish, { small: true, disabled: !allowed, title: why })), problem) : null,
        state.made.filter((one) => endpoint.apiKeyIds.includes(one.key.id)).map(secretOnce),
        addressLine(endpoint), sampleTabs(endpoint, state.made), facts(endpoint, state.keys),
        tryIt(endpoint, service, { made: state.made, signal: state.ended.signal,
            onChanged: (changed) => { state.endpoint = changed; showEndpoint(view); } }),
        h("details", { class: "part" }, h("summary", {}, "Published SQL"), codeBlock(endpoint.sql, { mode: "text/x-sql", label: "Published SQL" })),
        h("p", { class: "small" }, pageLink(endpoint, "history", "History and rollback"), " · ", pageLink(endpoint, "monitoring", "Monitoring")));
    replace(foot,
        button("Delete", async () => {
            if (!await removeEndpoint(service, endpoint)) return;
            state.endpoint = null;
            close();
        }, { kind: "danger", symbol: "trash", disabled: !allowed, title: why }),
        openapiButton(service, endpoint),
        button("Edit", () => showForm(view, endpoint, endpoint), { symbol: "edit", disabled: !allowed, title: why }),
        button("Done", () => close(), { kind: "primary" }));
    body.closest(".dialog-body")?.scrollTo(0, 0);
    foot.lastElementChild.focus({ preventScroll: true });
}
