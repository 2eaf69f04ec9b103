// The words that the server knows: keywords, functions, types, settings, formats, databases, tables; columns as they are asked for.
import { rows } from "../core/api.js";

const kept = new Map();
const byContext = {
    keyword: "keywords", function: "functions", "data type": "types", setting: "settings", database: "databases",
    "table engine": "engines", "table function": "tableFunctions",
};

/** The words of the service, asked for once. Lists that a server does not give are empty. */
export function dictionary(service) {
    if (!kept.has(service)) kept.set(service, load(service).catch((error) => { kept.delete(service); throw error; }));
    return kept.get(service);
}

/** Forgets what is known: after tables were made or dropped. */
export function forgetDictionary(service) {
    kept.delete(service);
}

async function load(service) {
    const words = { keywords: [], functions: [], types: [], settings: [], formats: [], databases: [], engines: [], tableFunctions: [], tables: [],
        columns: new Map() };
    // system.completions has the names of formats in small letters, which FORMAT does not take.
    const formats = rows(service, "SELECT name FROM system.formats WHERE is_output ORDER BY name").catch(() => []);
    try {
        const wanted = [...Object.keys(byContext), "table"].map((one) => `'${one}'`).join(", ");
        for (const { found, context, database } of await rows(service,
            `SELECT context, database, arraySort(groupArray(word)) AS found FROM (SELECT word, context, if(context = 'table', belongs, '') AS database
            FROM system.completions WHERE context IN (${wanted})) GROUP BY context, database`)) {
            if (context === "table") words.tables.push(...found.map((name) => ({ database, name })));
            else words[byContext[context]] = found;
        }
    } catch (error) {
        if (error.status !== 400 && error.status !== 404) throw error;
        await loadOneByOne(service, words);
    }
    words.formats = (await formats).map((one) => one.name);
    return words;
}

/** Servers before 25.8 have no system.completions, and older ones not all of these tables. */
async function loadOneByOne(service, words) {
    const lists = {
        keywords: "SELECT keyword AS word FROM system.keywords", functions: "SELECT name AS word FROM system.functions",
        types: "SELECT name AS word FROM system.data_type_families", settings: "SELECT name AS word FROM system.settings",
        databases: "SELECT name AS word FROM system.databases",
        engines: "SELECT name AS word FROM system.table_engines", tableFunctions: "SELECT name AS word FROM system.table_functions",
    };
    await Promise.all(Object.entries(lists).map(async ([list, sql]) => {
        words[list] = (await rows(service, `${sql} ORDER BY word`).catch(() => [])).map((one) => one.word);
    }));
    words.tables = await rows(service, "SELECT database, name FROM system.tables ORDER BY name").catch(() => []);
}

/** Columns of a table: `{ name, type }`; empty when there is no such table. */
export async function columnsOf(service, database, table) {
    const words = await dictionary(service);
    const key = `${database}\n${table}`;
    if (!words.columns.has(key)) {
        words.columns.set(key,
            rows(service, "SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String} ORDER BY position",
            { variables: { database, table } }).catch(() => []));
    }
    return words.columns.get(key);
}
