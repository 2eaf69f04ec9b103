// What a ClickHouse type means for inputs, sorting and charts.

/** "Nullable(Decimal(9, 2))" as `{ name, parts }`; parts are the texts between the brackets. */
export function parseType(text) {
    const match = /^\s*(\w+)\s*(?:\((.*)\))?\s*$/s.exec(text);
    if (!match) return { name: text.trim(), parts: [] };
    return { name: match[1], parts: match[2] === undefined ? [] : splitParts(match[2]) };
}

function splitParts(text) {
    const parts = [];
    let depth = 0, start = 0;
    for (let at = 0; at < text.length; at += 1) {
        const one = text[at];
        if (one === "'") {
            at += 1;
            while (at < text.length && text[at] !== "'") at += text[at] === "\\" ? 2 : 1;
        } else if (one === "(") depth += 1;
        else if (one === ")") depth -= 1;
        else if (one === "," && depth === 0) { parts.push(text.slice(start, at).trim()); start = at + 1; }
    }
    parts.push(text.slice(start).trim());
    return parts;
}

/** The type within Nullable and LowCardinality, and whether NULL is a value of it. */
export function innerType(text) {
    let type = parseType(text), nullable = false;
    while ((type.name === "Nullable" || type.name === "LowCardinality") && type.parts.length === 1) {
        if (type.name === "Nullable") nullable = true;
        type = parseType(type.parts[0]);
    }
    return { ...type, nullable };
}

export const isNumeric = (text) => /^(U?Int\d+|Float\d+|BFloat16|Decimal\d*)$/.test(innerType(text).name);
export const isTime = (text) => /^(Date|Date32|DateTime|DateTime32|DateTime64)$/.test(innerType(text).name);

/** Smallest and largest value of an integer type, as BigInt; null for other types. */
export function integerRange(name) {
    const match = /^(U?)Int(\d+)$/.exec(name);
    if (!match) return null;
    const bits = BigInt(match[2]);
    return match[1] ? [0n, (1n << bits) - 1n] : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
}

/** The names of an enum, in its order. */
export function enumNames(parts) {
    return parts.map((part) => /^'((?:[^'\\]|\\.|'')*)'/s.exec(part)?.[1]).filter((name) => name !== undefined)
        .map((name) => name.replace(/\\(.)|''/gs, (_, one) => one ?? "'"));
}

/** What is wrong with the text as a value of the type, as far as that is certain here; null when nothing is. The server checks all of it. */
export function problemOf(typeText, value) {
    const { name, nullable } = innerType(typeText);
    if (value === null || (nullable && value === "\\N")) return null;
    const range = integerRange(name);
    if (range) {
        if (!/^[+-]?\d+$/.test(value)) return "A whole number is needed.";
        const number = BigInt(value.replace("+", ""));
        if (number < range[0] || number > range[1]) return `The number must be from ${range[0]} to ${range[1]}.`;
    } else if (/^(Float|BFloat|Decimal)/.test(name)) {
        if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value) && !/^[+-]?(inf|infinity|nan)$/i.test(value)) return "A number is needed.";
    }
    return null;
}
