// Reads SQL as far as an editor has to: where statements end, which parameters they have, what is text or comment.

const patterns = [
    ["comment", /--[^\n]*|#[ !][^\n]*/y], ["comment", /\/\*[\s\S]*?(?:\*\/|$)/y],
    ["text", /'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/y], ["quoted", /"(?:[^"\\]|\\[\s\S]|"")*(?:"|$)/y], ["quoted", /`(?:[^`\\]|\\[\s\S]|``)*(?:`|$)/y],
    ["text", /\$(\w*)\$[\s\S]*?(?:\$\1\$|$)/y],
    ["parameter", /\{\s*([A-Za-z_]\w*)\s*:((?:[^{}'"]|'(?:[^'\\]|\\[\s\S]|'')*')*)\}/y],
    ["word", /[A-Za-z_]\w*/y], ["number", /\d[\w.]*/y], ["space", /\s+/y], ["other", /[\s\S]/y],
];

/** `{ kind, from, to, text, match }` of all tokens. */
export function tokens(sql) {
    const all = [];
    for (let at = 0; at < sql.length;) {
        for (const [kind, pattern] of patterns) {
            pattern.lastIndex = at;
            const match = pattern.exec(sql);
            if (!match) continue;
            all.push({ kind, from: at, to: at + match[0].length, text: match[0], match });
            at += match[0].length;
            break;
        }
    }
    return all;
}

/** The statements between semicolons: `{ from, to, text, end }`, without the space around them; empty ones are left out. `end` is behind the `;`. */
export function statements(sql) {
    const found = [];
    let first = null, last = null;
    const close = (end) => {
        if (first !== null) found.push({ from: first, to: last, text: sql.slice(first, last), end });
        first = null;
    };
    let words = false;
    for (const token of tokens(sql)) {
        if (token.text === ";" && token.kind === "other") { if (words) close(token.to); first = null; words = false; continue; }
        if (token.kind === "space") continue;
        if (token.kind !== "comment") words = true;
        first ??= token.from;
        last = token.to;
    }
    if (words) close(last);
    return found;
}

/** The statement that the cursor is in or right behind, also behind its semicolon. */
export function statementAt(sql, offset) {
    const all = statements(sql);
    return all.find((one) => offset <= one.end) ?? all.at(-1) ?? null;
}

/** The parameters in order of their first place: `{ name, type }`. */
export function placeholders(sql) {
    const found = new Map();
    for (const { kind, match } of tokens(sql)) {
        if (kind !== "parameter") continue;
        const type = match[2].trim();
        if (type && !found.has(match[1])) found.set(match[1], { name: match[1], type });
    }
    return [...found.values()];
}

/** The first word, in capitals. */
export function verb(sql) {
    return tokens(sql).find((token) => token.kind === "word")?.text.toUpperCase() ?? "";
}

/** Whether running it a second time, for a file, changes nothing. */
export const reads = (sql) => ["SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "FROM", "CHECK", "VALUES"].includes(verb(sql));

/** Place of the error in the statement, from ClickHouse's message: `{ from, to }` in characters; null when it names none. */
export function errorPlace(sql, message) {
    const position = /failed at position (\d+)/.exec(message);
    if (position) {
        // ClickHouse counts bytes from 1.
        const bytes = new TextEncoder().encode(sql);
        const from = Math.min(new TextDecoder().decode(bytes.subarray(0, Number(position[1]) - 1)).length, Math.max(0, sql.length - 1));
        const token = tokens(sql).find((one) => one.from <= from && from < one.to);
        return { from, to: Math.max(token?.to ?? from + 1, from + 1) };
    }
    const named = /(?:Unknown [\w ]*(?:identifier|function)|Function with name|Unknown data type family:|Missing columns:) [`'"]?([\w.]+)/i
        .exec(message) ?? /(?:Table|Database) [`']?([\w.`]+?)[`']? (?:does not exist|doesn't exist)/i.exec(message);
    if (!named) return null;
    const wanted = named[1].replaceAll("`", "").split(".");
    const all = tokens(sql);
    for (const name of [wanted.at(-1), wanted[0]]) {
        const token = all.find((one) => (one.kind === "word" && one.text === name) || (one.kind === "quoted" && one.text.slice(1, -1) === name));
        if (token) return { from: token.from, to: token.to };
    }
    return null;
}

/** A name as SQL needs it. */
export const identifier = (name) => /^[A-Za-z_]\w*$/.test(name) ? name : "`" + name.replaceAll("\\", "\\\\").replaceAll("`", "\\`") + "`";
