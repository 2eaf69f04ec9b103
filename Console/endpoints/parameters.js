// The parameters of a statement, and values that stand for them in samples.

// Strings, quoted names and comments are passed over, so that a brace within them is no parameter.
const expression = /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S])*"|`(?:[^`\\]|\\[\s\S])*`|--[^\n]*|\/\*[\s\S]*?\*\/|\{\s*([A-Za-z_]\w*)\s*:\s*((?:[^{}']|'(?:[^'\\]|\\.)*')+?)\s*\}/g;

/** `[{ name, type }]` in the order in which they first appear. */
export function parametersOf(sql) {
    const found = new Map();
    for (const match of sql.matchAll(expression)) if (match[1] && !found.has(match[1])) found.set(match[1], match[2].trim());
    return [...found].map(([name, type]) => ({ name, type }));
}

/** The statement without comments, for what only looks at its words. */
const words = (sql) => sql.replace(/'(?:[^'\\]|\\[\s\S]|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g, (text) => text.startsWith("'") ? "''" : " ").trim();

/** "read", "write", or "stream" for an INSERT that takes its rows from the body. Only for what is shown: the server decides. */
export function kindOf(sql) {
    const text = words(sql);
    if (/^\(*\s*(select|with|show|describe|desc|exists|explain|from)\b/i.test(text)) return "read";
    if (/^insert\b/i.test(text) && (!/\b(select|values)\b/i.test(text) || /\bfrom\s+input\s*\(/i.test(text))) return "stream";
    return "write";
}

function inner(type) {
    const match = /^(?:Nullable|LowCardinality)\((.*)\)$/s.exec(type.trim());
    return match ? inner(match[1]) : type.trim();
}

/** Something that fits the type, as a value of JSON. */
export function example(name, type) {
    const bare = inner(type);
    const element = /^Array\((.*)\)$/s.exec(bare);
    if (element) return [example(name, element[1])];
    if (/^U?Int/.test(bare)) return /year/i.test(name) ? (/8$/.test(bare) ? 10 : 2010) : /limit|top|count|^n$/i.test(name) ? 10 : 1;
    if (/^(Float|Decimal|BFloat)/.test(bare)) return 1.5;
    if (/^Bool/.test(bare)) return true;
    if (/^DateTime/.test(bare)) return "2024-01-01 00:00:00";
    if (/^Date/.test(bare)) return "2024-01-01";
    if (/^UUID/.test(bare)) return "00000000-0000-4000-8000-000000000000";
    if (/^IPv4/.test(bare)) return "127.0.0.1";
    if (/^IPv6/.test(bare)) return "::1";
    if (/^Map\(/.test(bare)) return {};
    const choice = /^Enum(?:8|16)?\(\s*'((?:[^'\\]|\\.)*)'/s.exec(bare);
    if (choice) return choice[1].replace(/\\(.)/g, "$1");
    if (/^Identifier/.test(bare)) return "name";
    return "text";
}

/** A value of JSON as it stands in a URL: texts as they are, arrays and maps as ClickHouse writes them. */
export function urlText(value, nested = false) {
    if (value === null) return nested ? "NULL" : "\\N";
    if (Array.isArray(value)) return `[${value.map((one) => urlText(one, true)).join(",")}]`;
    if (typeof value === "object") return `{${Object.entries(value).map(([key, one]) => `${urlText(key, true)}:${urlText(one, true)}`).join(",")}}`;
    if (typeof value === "string" && nested) return `'${value.replace(/[\\']/g, "\\$&")}'`;
    return String(value);
}

/** A text of a URL as the value of JSON that stands for the same, where it is a number that JSON keeps whole; else the text. */
export function jsonValue(text, type) {
    const bare = inner(type);
    if (/^(U?Int|Float)/.test(bare) && /^-?\d+(\.\d+)?$/.test(text) && text.length < 16) return Number(text);
    if (/^Bool/.test(bare) && (text === "true" || text === "false")) return text === "true";
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
