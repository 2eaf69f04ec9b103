// Colours of ClickHouse's SQL: CodeMirror's mode for SQL with the server's words, and parameters over it.

const basic = `select from where group by order limit offset having with as and or not in is null like ilike between case when then else end join
    left right inner outer full cross on using array prewhere final sample union all distinct except intersect insert into values create table
    database view materialized drop alter rename truncate optimize show describe explain settings format set if exists interval asc desc over
    partition window qualify any asof global lateral replace totals rollup cube ties default primary key engine ttl codec`;
const name = "text/x-clickhouse";

const set = (words) => Object.fromEntries(words.map((word) => [word.toLowerCase(), true]));

/** Defines or renews the mode; answers what to give to CodeMirror as `mode`. */
export function clickhouseMode(CodeMirror, words = null) {
    const keywords = new Set(basic.split(/\s+/));
    // Shorter ones are units such as S or YY, which people take for aliases.
    for (const word of (words?.keywords ?? []).flatMap((one) => one.toLowerCase().split(/\s+/))) if (/^[a-z_]\w{2,}$/.test(word)) keywords.add(word);
    const functions = (words?.functions ?? []).filter((one) => !keywords.has(one.toLowerCase()));
    CodeMirror.defineMIME(name, {
        name: "sql", keywords: set([...keywords]),
        builtin: set([...(words?.types ?? ["String", "UInt8", "UInt64", "Int64", "Date", "DateTime", "Array", "Nullable"]), ...functions]),
        atoms: set(["true", "false", "null", "nan", "inf"]), operatorChars: /^[*+\-%<>!=&|^/?:]/, identifierQuote: "`",
        support: set(["doubleQuote", "ODBCdotTable", "commentHash", "binaryNumber", "hexNumber"]),
        hooks: { '"': quotedName, "`": quotedName },
    });
    return name;
}

function quotedName(stream) {
    const quote = stream.string[stream.pos - 1];
    for (let one = stream.next(); one; one = stream.next()) {
        if (one === "\\") stream.next();
        else if (one === quote) break;
    }
    return "variable-2";
}

/** `{name:Type}` wherever it stands outside of texts and comments; the mode's own colours tell where those are. */
export const parameterOverlay = {
    token(stream) {
        const match = stream.match(/^\{\s*[A-Za-z_]\w*\s*:[^{}]*\}/);
        if (match) return "parameter";
        stream.next();
        stream.match(/^[^{]+/);
        return null;
    },
};
