// What could be written at the cursor, by what stands before it.
import { tokens, identifier } from "./statements.js";
import { columnsOf, dictionary } from "./dictionary.js";

const name = "(?:`[^`]+`|\"[^\"]+\"|[A-Za-z_]\\w*)";
const bare = (text) => text.replace(/^[`"]|[`"]$/g, "");
const notAlias = new Set(("where prewhere group order limit join left right inner outer full cross any all asof semi anti global on using array "
    + "final sample union settings format having window with as qualify intersect except values select set").split(" "));

/** Tables that the statement names: `{ database, table, alias }`. Texts and comments must be blanked out. */
export function tablesOf(sql, database) {
    const found = [];
    const table = `(${name})(?:\\s*\\.\\s*(${name}))?(?!\\s*\\()`;
    const pattern = new RegExp(`\\b(?:FROM|JOIN|INTO|TABLE|DESCRIBE|UPDATE)\\s+${table}(?:\\s+FINAL\\b)?(?:\\s+(?:AS\\s+)?(${name}))?`, "gi");
    for (const [, first, second, alias] of sql.matchAll(pattern)) {
        found.push({
            database: second ? bare(first) : database, table: bare(second ?? first),
            alias: alias && !notAlias.has(alias.toLowerCase()) ? bare(alias) : null,
        });
    }
    return found;
}

/** The statement without its texts and comments, each character in its place. */
export function blanked(sql) {
    return tokens(sql).map((token) => token.kind === "text" || token.kind === "comment" ? " ".repeat(token.text.length) : token.text).join("");
}

const entry = (text, kind, more = {}) => ({ text, displayText: text.replace(/\($/, ""), kind, ...more });

/**
 * Suggestions at `offset`, from the statement around it: `{ from, list: [{ text, displayText, kind }] }`; `kind` says what it is.
 * Without a begun word only what surely fits is offered.
 */
export async function completions(service, database, sql, offset) {
    const words = await dictionary(service);
    const all = blanked(sql);
    const start = all.lastIndexOf(";", offset - 1) + 1;
    const end = all.indexOf(";", offset);
    const whole = all.slice(start, end < 0 ? all.length : end);
    const before = all.slice(start, offset);
    if (offset > start && sql[offset - 1] !== before.at(-1)) return { from: offset, list: [] }; // in a text or comment
    const typed = /[A-Za-z_]\w*$/.exec(before)?.[0] ?? "";
    const from = offset - typed.length;
    const prior = before.slice(0, from);
    const fits = (one) => one.toLowerCase().startsWith(typed.toLowerCase());
    const take = (list, kind, map = (one) => one) => list.filter(fits).map((one) => entry(map(one), kind));

    const dotted = new RegExp(`(${name})\\s*\\.\\s*$`).exec(prior);
    if (dotted) return { from, list: await after(bare(dotted[1])) };
    if (/\bFORMAT\s+$/i.test(prior)) return { from, list: take(words.formats, "format") };
    if (/\bENGINE\s*=\s*$/i.test(prior)) return { from, list: take(words.engines, "engine") };
    if (/\{\s*\w+\s*:[^}]*$/.test(prior)) return { from, list: [...take(words.types, "type"), ...take(["Identifier"], "type")] };
    if (/\bSETTINGS\b(?!.*\b(?:FORMAT|SELECT|FROM)\b)(?:[^;]*,)?\s*$/is.test(prior)) return { from, list: take(words.settings, "setting") };
    if (/\b(?:FROM|JOIN|INTO|TABLE|DESCRIBE|DESC|TRUNCATE|OPTIMIZE TABLE|UPDATE)\s+(?:IF\s+(?:NOT\s+)?EXISTS\s+)?$/i.test(prior)) {
        const here = words.tables.filter((one) => one.database === database).map((one) => one.name);
        return { from, list: [...take(here, "table", identifier), ...take(words.databases, "database", identifier),
            ...take(words.tableFunctions, "function", (one) => `${one}(`)] };
    }
    if (!typed) return { from, list: await columnsHere() };
    const columns = await columnsHere();
    const names = [...new Set(tablesOf(whole, database).flatMap((one) => [one.alias, one.table]).filter(Boolean))];
    return {
        from, list: [
            ...columns, ...take(names, "table", identifier), ...take(words.keywords, "keyword"),
            ...take(words.functions, "function", (one) => `${one}(`),
            ...take(words.tables.filter((one) => one.database === database).map((one) => one.name), "table", identifier),
            ...take(words.databases, "database", identifier), ...take(words.types, "type"),
        ].slice(0, 300),
    };

    async function columnsHere() {
        const lists = await Promise.all(tablesOf(whole, database).map((one) => columnsOf(service, one.database, one.table)));
        const seen = new Set();
        return lists.flat().filter((one) => fits(one.name) && !seen.has(one.name) && seen.add(one.name))
            .map((one) => entry(identifier(one.name), "column", { type: one.type }));
    }

    /** After a dot: columns of a table or alias, or tables of a database. */
    async function after(owner) {
        const table = tablesOf(whole, database).find((one) => one.alias === owner || one.table === owner);
        const columns = table ? await columnsOf(service, table.database, table.table)
            : words.tables.some((one) => one.database === database && one.name === owner) ? await columnsOf(service, database, owner) : [];
        return [
            ...columns.filter((one) => fits(one.name)).map((one) => entry(identifier(one.name), "column", { type: one.type })),
            ...take(words.tables.filter((one) => one.database === owner).map((one) => one.name), "table", identifier),
        ];
    }
}
