// A row as ClickHouse writes it in JSON, taken apart without JSON.parse: numbers keep every digit that the server sent.

/** The cells between the brackets of a JSON array, each as it stands there. */
export function split(text) {
    const cells = [];
    const length = text.length;
    let start = 0, depth = 0, at = 0;
    while (at < length) {
        const code = text.charCodeAt(at);
        if (code === 34) {
            at += 1;
            while (at < length) {
                const inner = text.charCodeAt(at);
                if (inner === 34) break;
                at += inner === 92 ? 2 : 1;
            }
            at += 1;
        } else if (code === 44 && depth === 0) {
            cells.push(text.slice(start, at));
            at += 1;
            if (text.charCodeAt(at) === 32) at += 1;
            start = at;
        } else {
            if (code === 91 || code === 123) depth += 1;
            else if (code === 93 || code === 125) depth -= 1;
            at += 1;
        }
    }
    cells.push(text.slice(start));
    return cells;
}

/** Begin and end of one cell of the row that stands between `from` and `to` of the text. */
export function placeOfCell(text, from, to, column) {
    let start = from, depth = 0, at = from, number = 0;
    while (at < to) {
        const code = text.charCodeAt(at);
        if (code === 34) {
            at = text.indexOf('"', at + 1);
            // A quotation mark after an odd number of backslashes belongs to the text.
            while (at > 0 && escapedAt(text, at)) at = text.indexOf('"', at + 1);
            at += 1;
        } else if (code === 44 && depth === 0) {
            if (number === column) return [start, at];
            number += 1;
            at += 1;
            if (text.charCodeAt(at) === 32) at += 1;
            start = at;
        } else {
            if (code === 91 || code === 123) depth += 1;
            else if (code === 93 || code === 125) depth -= 1;
            at += 1;
        }
    }
    return [start, to];
}

function escapedAt(text, at) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === 92) slashes += 1;
    return slashes % 2 === 1;
}

/** What a person reads in a cell; null for NULL. */
export function plain(raw) {
    if (raw === "null") return null;
    if (raw.charCodeAt(0) !== 34) return raw;
    if (!raw.includes("\\")) return raw.slice(1, -1);
    try { return JSON.parse(raw); } catch { return raw; }
}

/** JSON with line breaks and indents, digit by digit as it was. Null when the text is no JSON object or array. */
export function pretty(text) {
    const trimmed = text.trim();
    if (!/^[[{]/.test(trimmed)) return null;
    try { JSON.parse(trimmed); } catch { return null; }
    let out = "", depth = 0;
    const line = () => "\n" + "  ".repeat(depth);
    for (let at = 0; at < trimmed.length; at += 1) {
        const one = trimmed[at];
        if (one === '"') {
            let end = at + 1;
            while (trimmed[end] !== '"') end += trimmed[end] === "\\" ? 2 : 1;
            out += trimmed.slice(at, end + 1);
            at = end;
        } else if (one === "{" || one === "[") {
            const close = /^\s*[\]}]/.exec(trimmed.slice(at + 1, at + 20));
            if (close) { out += one + close[0].trim(); at += close[0].length; continue; }
            depth += 1;
            out += one + line();
        } else if (one === "}" || one === "]") {
            depth -= 1;
            out += line() + one;
        } else if (one === ",") out += one + line();
        else if (one === ":") out += ": ";
        else if (!/\s/.test(one)) out += one;
    }
    return out;
}

const escaped = (text) => text.replace(/[\\\t\n\r]/g, (one) => ({ "\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r" })[one]);

/** A cell in a line of tab-separated text, as ClickHouse reads it. */
export const tabSeparated = (value) => value === null ? "\\N" : escaped(value);

/** A cell in a line of CSV, as ClickHouse reads it. */
export const commaSeparated = (value) => value === null ? "\\N" : /[",\n\r]|^\s|\s$|^\\N$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
