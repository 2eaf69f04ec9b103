// Calling an endpoint from the console, as its callers do.
import { h, replace, uniqueID } from "../core/dom.js";
import { failure, query, send, ApiError } from "../core/api.js";
import { can, permissions, session } from "../core/session.js";
import { bytes, count, duration } from "../core/format.js";
import { button } from "../components/button.js";
import { choice, field, group, select } from "../components/field.js";
import { notice } from "../components/notice.js";
import { toast, toastError } from "../components/toast.js";
import { changeEndpoint } from "./data.js";
import { variableInput } from "../editor/variable-input.js";
import { formats } from "./bounds.js";
import { jsonValue, kindOf, sampleValues } from "./parameters.js";

const most = 200_000;

/**
 * The panel. `onChanged(endpoint)` is told when the session's key was bound. The window's event "endpointcall" (detail: id) tells of each call.
 * `made`: credentials of keys that were just made, to be offered.
 */
export function tryIt(endpoint, service, { made = [], onChanged = () => {}, signal } = {}) {
    const kind = kindOf(endpoint.sql);
    const values = sampleValues(endpoint.sql, endpoint.parameters);
    const inputs = values.map((one) => {
        const first = !one.hasDefault && typeof one.value === "object" && one.value !== null ? JSON.stringify(one.value) : one.text;
        const entry = { one, text: first };
        entry.control = variableInput(one.name, one.type, first, (text) => { entry.text = text; });
        return entry;
    });
    const method = select(kind === "read" ? ["GET", "POST"] : ["POST"], kind === "read" ? "GET" : "POST");
    const list = h("datalist", { id: uniqueID("formats") }, formats.map((one) => h("option", { value: one })));
    const format = h("input", { value: kind === "stream" ? "CSV" : "", placeholder: endpoint.format ?? "JSON", list: list.id, autocomplete: "off",
        spellcheck: "false" });
    const version = select([{ value: "", text: `As published (${endpoint.answerVersion ?? 2})` }, "2", "1"], "");
    const body = kind === "stream" ? h("textarea", { rows: 4, class: "mono", spellcheck: "false" }) : null;
    const fresh = made.filter((one) => endpoint.apiKeyIds.includes(one.key.id)).at(-1);
    const bound = endpoint.apiKeyIds.includes(session().key.id);
    const caller = uniqueID("caller");
    const asSession = choice(`Your key “${session().key.name}”`, { type: "radio", name: caller, checked: bound || !fresh, onchange: showCaller });
    const asOther = choice("Another key", { type: "radio", name: caller, checked: !bound && Boolean(fresh), onchange: showCaller });
    const keyId = h("input", { value: fresh?.keyId ?? "", autocomplete: "off", spellcheck: "false" });
    const keySecret = h("input", { type: "password", value: fresh?.keySecret ?? "", autocomplete: "new-password" });
    const credentials = h("div", { class: "grid" }, field("Key id", keyId),
        field("Key secret", keySecret, { hint: "Used for this call only, never stored." }));
    const unbound = h("div");
    const outcome = h("div", { class: "stack outcome", "aria-live": "polite" });

    function parameterField({ one, control }) {
        const hint = [control.hint, one.hasDefault ? "Empty: its default." : null].filter(Boolean).join(" ");
        const node = field(h("span", {}, one.name, " ", h("code", { class: "muted" }, one.type)), control.input, { hint: hint || null });
        if (control.extra) node.querySelector("label").after(control.extra);
        return node;
    }

    function showCaller() {
        credentials.hidden = !asOther.input.checked;
        replace(unbound, asOther.input.checked
            || bound ? null : notice("Your key is not one of this endpoint's keys, so its calls are refused. Use another key, or bind yours.", "info",
            h("div", { class: "row" }, button("Bind your key", bind, {
                small: true, disabled: !can(permissions.manageEndpoints, service) || !can(permissions.runEndpoints, service),
                title: can(permissions.runEndpoints, service) ? null : "Your key may not run endpoints",
            }))));
    }

    async function bind() {
        try {
            const changed = await changeEndpoint(service, endpoint, { apiKeyIds: [...endpoint.apiKeyIds, session().key.id] });
            toast(`“${session().key.name}” may call the endpoint`);
            onChanged(changed);
        } catch (error) { toastError(error); }
    }

    async function call() {
        replace(outcome, h("p", { class: "muted" }, "Running…"));
        const began = performance.now();
        try {
            const response = await request();
            const whenFirst = performance.now() - began;
            if (!response.ok && response.status !== 304) throw await refusal(response, asOther.input.checked);
            const { text, size, cut, broken } = await beginning(response);
            showAnswer(response, { text, size, cut, broken, whenFirst, took: performance.now() - began });
        } catch (error) {
            if (error.name === "AbortError") return;
            if (error.name !== "ApiError") console.error(error);
            replace(outcome, notice(error.status ? `${error.status}: ${error.message}` : error.message, "bad",
                advice(error) ? h("p", {}, advice(error)) : null));
        }
        window.dispatchEvent(new CustomEvent("endpointcall", { detail: endpoint.id }));
    }

    function request() {
        // The path is the same wherever the console is reached; the public address may be another host.
        const path = `/run/${endpoint.id}`;
        // An emptied field leaves the parameter out: its default holds, or the answer says that it is missing.
        const sent = inputs.filter(({ one, text }) => text !== undefined && !(text === "" && one.hasDefault));
        const inURL = method.value === "GET" || kind === "stream";
        const address = path + query({ format: format.value.trim() }) + (inURL ? sent.map(({ one, text }, index) =>
            `${index || format.value.trim() ? "&" : "?"}param_${encodeURIComponent(one.name)}=${encodeURIComponent(text)}`).join("") : "");
        const headers = version.value ? { "x-clickhouse-endpoint-version": version.value } : {};
        const payload = method.value === "GET" ? undefined
            : kind === "stream" ? new Blob([body.value])
                : { queryVariables: Object.fromEntries(sent.map(({ one, text }) => [one.name, jsonValue(text, one.type)])) };
        if (!asOther.input.checked) return send(method.value, address, { body: payload, headers, signal });
        return withKey(method.value, address, payload, { ...headers, Authorization: "Basic " + base64(`${keyId.value.trim()}:${keySecret.value}`) });
    }

    async function withKey(verb, address, payload, headers) {
        // Without the session's cookie: only the pasted key counts, and its refusal does not end the session.
        try {
            return await fetch(address, {
                method: verb, headers: { ...headers, ...(payload instanceof Blob ? {} : { "Content-Type": "application/json" }) }, signal,
                credentials: "omit", cache: "no-store",
                body: payload === undefined ? undefined : payload instanceof Blob ? payload : JSON.stringify(payload),
            });
        } catch (error) {
            if (error.name === "AbortError") throw error;
            throw new ApiError(0, "UNREACHABLE", "Penstock does not answer. Check that it runs, then try again.");
        }
    }

    function showAnswer(response, { text, size, cut, broken, whenFirst, took }) {
        const summary = (() => { try { return JSON.parse(response.headers.get("X-ClickHouse-Summary")); } catch { return null; } })();
        const told = [
            ["Status", response.status], ["Time", duration(took)], ["First byte", duration(whenFirst)], ["Size", bytes(size)],
            ["Rows", Number(summary?.result_rows) ? count(summary.result_rows) : null],
            ["Read", summary?.read_rows ? `${count(summary.read_rows)} rows, ${bytes(summary.read_bytes)}` : null],
            ["Cache", response.headers.get("X-Cache")], ["Query id", response.headers.get("X-ClickHouse-Query-Id")],
        ].filter(([, value]) => value !== null && value !== undefined);
        replace(outcome,
            h("div", { class: "row" }, h("span", { class: "badge good" }, "Answered"),
                told.map(([term, value]) => h("span", { class: "small" }, h("span", { class: "muted" }, `${term} `),
                h("span", { class: "break" }, String(value))))),
            broken ? notice("The answer broke off: what is here is not all of it. The calls under Monitoring say why.", "bad") : null,
            h("pre", { class: "answer", tabindex: "0", role: "region", "aria-label": "Answer", dataset: { test: "try-answer" } },
                text || "(no content)"),
            cut ? h("p", { class: "muted small" }, `The first ${bytes(most)} of the answer. Call the URL for all of it.`) : null);
    }

    showCaller();
    const run = button(kind === "read" ? "Run" : "Run (it changes data)", call,
        { symbol: "play", kind: "primary", attributes: { "data-test": "try-run" } });
    const form = h("form", { class: "stack", novalidate: true, onsubmit: (event) => { event.preventDefault(); run.click(); } },
        inputs.length ? h("div", { class: "grid" }, inputs.map(parameterField))
            : h("p", { class: "muted" }, "The query has no parameters."),
        body ? field("Rows to insert", body) : null,
        h("div", { class: "grid" }, list, field("Method", method), field("Format", format), field("Version", version)),
        group("Call with", h("div", { class: "stack" }, h("div", { class: "row" }, asSession, asOther), credentials, unbound)),
        h("div", { class: "row" }, run),
        // Enter in a field runs too: a form does that only with a button of this type.
        h("button", { type: "submit", hidden: true, tabindex: "-1" }));
    return h("section", { class: "stack", "aria-label": "Try it" }, h("h3", {}, "Try it"), form, outcome);
}

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** The error of a refused call. Only with the session's own key may a 401 end the session. */
async function refusal(response, other) {
    if (!other || response.status !== 401) return failure(response);
    const document = await response.json().catch(() => null);
    return new ApiError(401, "UNAUTHORIZED",
        document?.error?.details ?? (typeof document?.error === "string" ? document.error
        : "The key is unknown, disabled or expired, or its secret is wrong."));
}

function advice(error) {
    return {
        401: "Check the key id and the secret; a disabled or expired key is refused too.",
        403: "The key is not bound to this endpoint, may not run endpoints, or may not be used from this address.",
        405: "The statement writes: call it with POST.", 429: "Wait a moment, or raise the limits under Settings.",
        503: "Start the service, then try again.",
        504: "Ask for less, or raise the longest run under Settings.",
    }[error.status] ?? null;
}

/** The first part of the answer; reading goes on to its end only for what is shown. */
async function beginning(response) {
    const reader = response.body?.getReader();
    const decoder = new TextDecoder();
    let text = "", size = 0, cut = false, broken = false;
    try {
        while (reader) {
            const { done, value } = await reader.read();
            if (done) break;
            size += value.length;
            text += decoder.decode(value, { stream: true });
            if (size > most) { cut = true; text = text.slice(0, most); await reader.cancel(); break; }
        }
    } catch (error) {
        if (error.name === "AbortError") throw error;
        broken = true;
    }
    return { text, size, cut, broken };
}
