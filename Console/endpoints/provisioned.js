// What a published endpoint is and how to call it: URL, samples, try it.
import { h, replace } from "../core/dom.js";
import { href } from "../core/router.js";
import { count, duration } from "../core/format.js";
import { button } from "../components/button.js";
import { choice } from "../components/field.js";
import { codeBlock, copyText } from "../components/code.js";
import { tabs } from "../components/tabs.js";
import { roleWords } from "./data.js";
import { samples } from "./samples.js";
import { parametersOf } from "./parameters.js";

/** The address with a button to copy it. */
export function addressLine(endpoint) {
    return h("div", { class: "field" }, h("span", { class: "label" }, "URL"),
        h("div", { class: "row tight address" }, h("code", { class: "break grow", dataset: { test: "endpoint-url" } }, endpoint.url),
            button("Copy the URL", () => copyText(endpoint.url), { symbol: "copy", small: true, iconOnly: true })));
}

/** Who may call, with which rights: a list of terms. */
export function facts(endpoint, keys) {
    const names = (endpoint.apiKeyIds ?? []).map((id) => keys.find((key) => key.id === id)?.name ?? "a key that you may not see");
    const stored = endpoint.parameters ?? {};
    const defaults = parametersOf(endpoint.sql).map(({ name, type }) => Object.hasOwn(stored, name)
        ? `${name} ${type} = ${stored[name]}` : `${name} ${type}`);
    const bounds = Object.entries(endpoint.limits ?? {}).filter(([name]) => name !== "settings")
        .map(([name, value]) => `${limitWords[name] ?? name} ${name === "executionMilliseconds" ? duration(value) : count(value)}`);
    const all = [
        ["Keys", names.join(", ")], ["Database role", roleWords(endpoint.roles)], ["Database", endpoint.database],
        ["Origins", endpoint.allowedOrigins?.length ? endpoint.allowedOrigins.join(", ") : "none: pages of other origins cannot call"],
        ["Parameters", defaults.join(", ") || "none"], ["Format", `${endpoint.format ?? "JSON"}, version ${endpoint.answerVersion ?? 2}`],
        ["Cache", endpoint.cacheSeconds ? duration(endpoint.cacheSeconds * 1000) : "off"], ["Limits", bounds.join(", ") || "none"],
        ["Tokens", endpoint.tokens ? `${endpoint.tokens.algorithm}${endpoint.tokens.issuer ? `, of ${endpoint.tokens.issuer}` : ""}` : "none"],
    ];
    return h("dl", { class: "terms" }, all.map(([term, text]) => h("div", {}, h("dt", {}, term), h("dd", { class: "break" }, text))));
}

const limitWords = {
    executionMilliseconds: "run", resultRows: "rows", resultBytes: "bytes", bodyBytes: "body bytes", concurrency: "at once",
    requestsPerMinute: "calls a minute", requestsPerMinuteAndKey: "calls a minute and key",
};

/** Samples in tabs. With the credentials of a key that was just made they can stand in the samples. */
export function sampleTabs(endpoint, made = []) {
    const credentials = made.filter((one) => endpoint.apiKeyIds.includes(one.key.id)).at(-1);
    const place = h("div");
    let chosen;
    const show = (withKey) => replace(place, tabs("Samples", samples(endpoint, withKey ? credentials : undefined).map((one) => ({
        id: one.id, text: one.text, show: () => codeBlock(one.code, { mode: one.mode, label: one.text }),
    })), { initial: chosen, chosen: (id) => { chosen = id; } }).element);
    const filled = credentials ? choice(`Fill in the new key “${credentials.key.name}”`,
        { checked: true, onchange: (event) => show(event.target.checked) },
        "Its secret then stands in what you copy.") : null;
    show(Boolean(credentials));
    return h("section", { class: "stack", "aria-label": "Samples" }, h("h3", {}, "Samples"), filled, place);
}

/** The link to the endpoint's own page. */
export function pageLink(endpoint, tab, text) {
    return h("a", { href: href(`/endpoints/${endpoint.id}`, { tab }) }, text);
}
