// The database and tables that are there, as suggestions: whoever may not ask ClickHouse still types the names.
import { h, replace, uniqueID } from "../../core/dom.js";
import { rows } from "../../core/api.js";

/** A field for the target database, with those that exist as suggestions. */
export function databaseField(wizard, field, changed = () => {}) {
    const { draft, service, signal } = wizard;
    const list = h("datalist", { id: uniqueID("databases") });
    const input = h("input", { value: draft.destination.database, list: list.id, autocomplete: "off", spellcheck: "false",
        oninput: () => { draft.destination.database = input.value; changed(); } });
    const sql = "SELECT name FROM system.databases WHERE name NOT IN ('system', 'INFORMATION_SCHEMA', 'information_schema') ORDER BY name LIMIT 500";
    rows(service, sql, { signal })
        .then((all) => replace(list, all.map((one) => h("option", { value: one.name }))), () => { /* no suggestions */ });
    return h("div", {}, field("Database", input, { path: "destination.database" }), list);
}

/** Tables of a database that can be written to. Rejects where the key may not ask. */
export const tablesOf = (service, database, signal) => rows(service,
    `SELECT name, engine FROM system.tables WHERE database = {database:String} AND engine NOT IN ('View', 'MaterializedView', 'Dictionary')
        AND NOT endsWith(name, '_clickpipes_error') ORDER BY name LIMIT 2000`,
    { variables: { database }, signal });

/** Columns of a table that can be written. */
export const columnsOf = (service, database, table, signal) => rows(service,
    `SELECT name, type FROM system.columns WHERE database = {database:String} AND table = {table:String}
        AND default_kind NOT IN ('MATERIALIZED', 'ALIAS') ORDER BY position`,
    { variables: { database, table }, signal });
