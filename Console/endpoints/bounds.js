// Fields of an endpoint that most leave as they are: limits, form of answers, tokens.
import { h, uniqueID } from "../core/dom.js";
import { field, select } from "../components/field.js";
import { split } from "./access.js";

const limits = [
    ["executionMilliseconds", "Longest run (milliseconds)", 86400000], ["resultRows", "Most rows of an answer"],
    ["resultBytes", "Most bytes of an answer"],
    ["bodyBytes", "Longest body of an INSERT (bytes)"], ["concurrency", "Calls at the same time", 100000],
    ["requestsPerMinute", "Calls in a minute, all keys", 10000000], ["requestsPerMinuteAndKey", "Calls in a minute, each key", 10000000],
];
export const formats = ["JSON", "JSONEachRow", "JSONCompact", "JSONCompactEachRow", "CSV", "CSVWithNames", "TabSeparated", "TabSeparatedWithNames",
    "Pretty", "Markdown", "XML", "Parquet", "Arrow", "Native"];

const number = (value, most) => h("input", { type: "number", min: 1, max: most, step: 1, inputmode: "numeric", value: value ?? "" });
const numberOf = (input) => input.value.trim() === "" ? null : Number(input.value);

/** `value()`: the limits, or null where none is set. */
export function limitFields(current = {}) {
    const inputs = limits.map(([name, text, most]) => [name, number(current?.[name], most), text]);
    const settings = h("input", { value: (current?.settings ?? []).join(", "), spellcheck: "false", autocomplete: "off" });
    const node = h("div", { class: "grid" }, inputs.map(([name, input, text]) => field(text, input, { path: `limits.${name}`, optional: true })),
        field("Settings callers may set besides the usual ones", settings,
            { path: "limits.settings", optional: true, hint: "Names of ClickHouse settings, separated by commas." }));
    node.value = () => {
        const value = {};
        for (const [name, input] of inputs) if (numberOf(input) !== null) value[name] = numberOf(input);
        if (split(settings.value).length) value.settings = split(settings.value);
        return Object.keys(value).length ? value : null;
    };
    return node;
}

/** Format, version and cache. `value()`: these three members. */
export function answerFields({ format, answerVersion, cacheSeconds } = {}) {
    const list = h("datalist", { id: uniqueID("formats") }, formats.map((one) => h("option", { value: one })));
    const name = h("input", { value: format ?? "", list: list.id, placeholder: "JSON", autocomplete: "off", spellcheck: "false" });
    const version = select([{ value: "2", text: "2: as ClickHouse writes it" }, { value: "1", text: "1: wrapped in JSON" }],
        String(answerVersion ?? 2));
    const cache = number(cacheSeconds, 86400);
    const node = h("div", { class: "grid" }, list,
        field("Format of calls that name none", name, { path: "format", optional: true }),
        field("Version of answers", version, { path: "answerVersion" }),
        field("Cache results (seconds)", cache,
            { path: "cacheSeconds", optional: true, hint: "Equal calls get the same result for that long. Only for statements that read." }));
    node.value = () => ({ format: name.value.trim() || null, answerVersion: Number(version.value), cacheSeconds: numberOf(cache) });
    return node;
}

/** JSON of whose tokens are accepted. `value()`: the object or null; throws an Error for what is no JSON object. */
export function tokensField(current = null) {
    const input = h("textarea", {
        rows: 6, class: "mono", spellcheck: "false", value: current ? JSON.stringify(current, null, 2) : "",
        placeholder: '{"algorithm": "RS256", "keySetURL": "https://login.example.com/jwks.json", "issuer": "…", "audience": "…", '
            + '"fixedParameters": {"tenant": "sub"}}',
    });
    const node = field("Accepted tokens (JWT), as JSON", input, {
        path: "tokens", optional: true,
        hint: "algorithm: HS256, RS256 or ES256; then secret, publicKey or keySetURL; issuer, audience, and fixedParameters: claim by parameter. "
            + "A secret is never shown; without it the stored one stays.",
    });
    node.value = () => {
        if (!input.value.trim()) return null;
        let value;
        try { value = JSON.parse(input.value); } catch (error) { value = error; }
        if (value && typeof value === "object" && !Array.isArray(value) && !(value instanceof Error)) return value;
        node.problem(value instanceof Error ? `This is not JSON: ${value.message}` : "This is not a JSON object.");
        input.focus();
        throw new Error("The tokens are not a JSON object.");
    };
    return node;
}
