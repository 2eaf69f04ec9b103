// The parameters of a statement, and values that stand for them in samples.
import { placeholders } from "../editor/statements.js";
import { enumNames, innerType } from "../editor/types.js";

/** `[{ name, type }]` in the order in which they first appear. */
export const parametersOf = placeholders;

/** The statement without comments, for what only looks at its words. */
const words = (sql) => sql.replace(/'(?:[^'\\]|\\[\s\S]|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, (text) => text.startsWith("'") ? "''" : " ").trim();

/** "read", "write", or "stream" for an INSERT that takes its rows from the body. Only for what is shown: the server decides. */
export function kindOf(sql) {
    const text = words(sql);
    if (/^\(*\s*(select|with|show|describe|desc|exists|explain|from)\b/i.test(text)) return "read";
    if (/^insert\b/i.test(text) && (!/\b(select|values)\b/i.test(text) || /\bfrom\s+input\s*\(/i.test(text))) return "stream";
    return "write";
}

/** Something that fits the type, as a value of JSON. */
export function example(name, typeText) {
    const { name: type, parts } = innerType(typeText);
    if (type === "Array") return [example(name, parts[0] ?? "String")];
    if (/^U?Int/.test(type)) return /year/i.test(name) ? (/Int8$/.test(type) ? 10 : 2010) : /limit|top|count|^n$/i.test(name) ? 10 : 1;
    if (/^(Float|Decimal|BFloat)/.test(type)) return 1.5;
    if (type === "Map") return {};
    if (/^Enum/.test(type)) return enumNames(parts)[0] ?? "";
    return fixed[type] ?? (/^DateTime/.test(type) ? "2024-01-01 00:00:00" : /^Date/.test(type) ? "2024-01-01" : "text");
}

const fixed = { Bool: true, UUID: "00000000-0000-4000-8000-000000000000", IPv4: "127.0.0.1", IPv6: "::1", Identifier: "name" };

/** A value of JSON as it stands in a URL: texts as they are, arrays and maps as ClickHouse writes them. */
export function urlText(value, nested = false) {
    if (value === null) return nested ? "NULL" : "\\N";
    if (Array.isArray(value)) return `[${value.map((one) => urlText(one, true)).join(",")}]`;
    if (typeof value === "object") return `{${Object.entries(value).map(([key, one]) => `${urlText(key, true)}:${urlText(one, true)}`).join(",")}}`;
    if (typeof value === "string" && nested) return `'${value.replace(/[\\']/g, "\\$&")}'`;
    return String(value);
}

/** A text of a URL as the value of JSON that stands for the same: numbers that JSON keeps whole, lists and NULL; the text for all else. */
export function jsonValue(text, typeText) {
    const { name, nullable } = innerType(typeText);
    if (nullable && text === "\\N") return null;
    if (/^(U?Int|Float)/.test(name) && /^-?\d+(\.\d+)?$/.test(text) && text.length < 16) return Number(text);
    if (name === "Bool" && (text === "true" || text === "false")) return text === "true";
    if (/^(Array|Map|Tuple)$/.test(name) && !/\d{16}/.test(text)) {
        try { return JSON.parse(text); } catch { /* as ClickHouse writes it: it goes as text */ }
    }
    return text;
}

/** Name, type, and values for samples of every parameter; what callers need not send is marked by `hasDefault`. */
export function sampleValues(sql, defaults = {}) {
    return parametersOf(sql).map(({ name, type }) => {
        const hasDefault = Object.hasOwn(defaults ?? {}, name);
        const value = hasDefault ? jsonValue(defaults[name], type) : example(name, type);
        return { name, type, hasDefault, value, text: hasDefault ? defaults[name] : urlText(value) };
    });
}
