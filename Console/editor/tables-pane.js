// Databases, tables and columns of the service as a tree; each level is asked for when it is opened.
import { debounce, h, replace } from "../core/dom.js";
import { rows } from "../core/api.js";
import { bytes, count, short } from "../core/format.js";
import { icon } from "../components/icon.js";
import { button } from "../components/button.js";
import { openMenu } from "../components/menu.js";
import { copyText } from "../components/code.js";
import { notice } from "../components/notice.js";
import { forgetDictionary } from "./dictionary.js";
import { identifier } from "./statements.js";
import { treeKeys } from "./tree-keys.js";

const databasesSQL = "SELECT name, engine FROM system.databases WHERE lower(name) != 'information_schema' ORDER BY name = 'system', name";
/** Tables in which a pipe holds a batch for seconds are nobody's to look at. */
const tablesSQL = `SELECT name, engine, total_rows, total_bytes, comment FROM system.tables
    WHERE database = {database:String} AND NOT is_temporary AND NOT match(name, '_clickpipes_stage_[0-9a-f]+_') ORDER BY name`;
const columnsSQL = `SELECT name, type, default_kind, comment, is_in_primary_key FROM system.columns
    WHERE database = {database:String} AND table = {table:String} ORDER BY position`;

/** `insert(text)` writes a name into the query; `ask(sql, database)` opens a query and runs it. */
export function tablesPane(service, { insert, ask, signal }) {
    const filter = h("input", { type: "search", placeholder: "Filter tables", "aria-label": "Filter tables", oninput: debounce(() => show(), 150) });
    const tree = h("div", { role: "tree", class: "tree", "aria-label": "Databases and tables", "aria-busy": "true" });
    const element = h("div", { class: "pane" },
        h("div", { class: "row tight nowrap" }, filter,
            button("Read the tables anew", () => { forgetDictionary(service); return update(); },
                { symbol: "refresh", iconOnly: true, small: true, kind: "quiet" })), tree);
    const problem = element.appendChild(h("div", { class: "pane-problem" }));
    const line = (level, text) => h("div", { class: "muted small tree-empty", role: "treeitem", "aria-level": String(level), tabindex: "-1" }, text);
    const tables = new Map(); // database: promise of `{ list, problem }`, its tables or why they could not be read
    const open = new Set(["database default"]);
    let databases = [], turn = 0;
    treeKeys(tree);

    async function update() {
        tables.clear();
        try {
            databases = await rows(service, databasesSQL);
        } catch (error) {
            replace(problem, notice(error.message, "bad"));
            return;
        }
        replace(problem);
        if (!signal.aborted) await show();
    }

    /** A failure is kept as well: else every letter in the filter would ask all databases again. */
    const tablesOf = (database) => {
        if (!tables.has(database)) {
            tables.set(database, rows(service, tablesSQL, { variables: { database } })
                .then((list) => ({ list, problem: null }), (error) => ({ list: [], problem: error.message })));
        }
        return tables.get(database);
    };
    /** Whoever opens a database whose tables could not be read wants to try again. */
    const forgetFailure = async (database) => { if ((await tables.get(database))?.problem) tables.delete(database); };
    async function show() {
        const mine = turn += 1;
        const wanted = filter.value.trim().toLowerCase();
        const branches = await Promise.all(databases.map(async ({ name, engine }) => {
            const node = item(1, name, "service", { title: `${name}\nEngine: ${engine}`, expandable: true });
            let list = [], problem = null;
            if (open.has(`database ${name}`) || wanted) {
                ({ list, problem } = await tablesOf(name));
                list = list.filter((one) => one.name.toLowerCase().includes(wanted));
            }
            if (wanted && !list.length && !problem && !name.toLowerCase().includes(wanted)) return null;
            const isOpen = wanted ? list.length > 0 || problem !== null : open.has(`database ${name}`);
            node.expand = async (is) => {
                if (is) { open.add(`database ${name}`); await forgetFailure(name); } else open.delete(`database ${name}`);
                await show();
                focusOn(name);
            };
            node.main = () => node.expand(node.getAttribute("aria-expanded") !== "true");
            node.setAttribute("aria-expanded", String(isOpen));
            const below = isOpen ? list.slice(0, 1000).map((table) => branch(name, table)) : [];
            if (isOpen && !list.length) below.push(line(2, problem ?? "No tables yet. A ClickPipe or CREATE TABLE makes one."));
            return [node, ...below];
        }));
        if (mine !== turn || signal.aborted) return;
        const nodes = branches.flat(2).filter(Boolean);
        const last = tree.querySelector("[tabindex='0']")?.dataset.key;
        replace(tree, nodes.length ? nodes : line(1, wanted ? "No table has this in its name." : "This service shows no databases to this key."));
        tree.removeAttribute("aria-busy");
        const first = nodes.find((one) => one.dataset.key === last) ?? nodes[0];
        if (first) first.tabIndex = 0;
    }

    const focusOn = (key) => tree.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();

    function branch(database, table) {
        const size = table.total_rows === null || table.total_rows === undefined ? ""
            : `\n${count(String(table.total_rows))} rows, ${bytes(table.total_bytes)}`;
        const name = database === "default" ? identifier(table.name) : `${identifier(database)}.${identifier(table.name)}`;
        const view = /View$/.test(table.engine);
        const node = item(2, table.name, "table", {
            title: `${table.name}\n${view ? "View" : "Engine"}: ${table.engine}${size}${table.comment ? `\n${table.comment}` : ""}`,
            expandable: true, key: `${database}.${table.name}`,
            note: table.total_rows === null || table.total_rows === undefined ? "" : short(table.total_rows),
        });
        const items = [
            { text: "Select first 100 rows", symbol: "play", action: () => ask(`SELECT * FROM ${name} LIMIT 100`, database) },
            { text: "Count rows", symbol: "table", action: () => ask(`SELECT count() FROM ${name}`, database) },
            { text: "Show how it was made", symbol: "query", action: () => ask(`SHOW CREATE TABLE ${name}`, database) },
            { text: "Insert the name", symbol: "edit", action: () => insert(name) },
            { text: "Copy the name", symbol: "copy", action: () => copyText(name) },
        ];
        const more = button(`More for ${table.name}`, (event) => { event.stopPropagation(); openMenu(more, items); },
            { symbol: "more", iconOnly: true, small: true, kind: "quiet", attributes: { tabindex: "-1" } });
        node.append(more);
        node.main = () => insert(name);
        node.menu = () => more.click();
        const group = [];
        node.expand = async (is) => {
            node.setAttribute("aria-expanded", String(is));
            if (!is) { for (const one of group.splice(0)) one.remove(); return; }
            try {
                const columns = await rows(service, columnsSQL, { variables: { database, table: table.name } });
                if (node.getAttribute("aria-expanded") !== "true" || group.length) return;
                for (const column of columns) {
                    const key = column.is_in_primary_key ? "In the primary key" : "";
                    const facts = [column.name, column.type, key, column.default_kind, column.comment];
                    const leaf = item(3, column.name, "column", { note: column.type, title: facts.filter(Boolean).join("\n") });
                    leaf.main = () => insert(identifier(column.name));
                    group.push(leaf);
                }
                node.after(...group);
            } catch (error) {
                group.push(line(3, error.message));
                node.after(...group);
            }
        };
        node.setAttribute("aria-expanded", "false");
        return node;
    }

    function item(level, text, symbol, { title, note = "", expandable = false, key = text }) {
        const turn = (event) => { event.stopPropagation(); node.expand(node.getAttribute("aria-expanded") !== "true"); };
        const node = h("div", {
            role: "treeitem", "aria-level": String(level), tabindex: "-1", class: `tree-item level-${level}`, title,
            dataset: { key, test: `tree-${symbol === "service" ? "database" : symbol}` },
        },
            expandable ? h("span", { class: "twist", "aria-hidden": "true", onclick: turn }, icon("right")) : null,
            icon(symbol), h("span", { class: "clip grow" }, text), note ? h("span", { class: "clip note" }, note) : null);
        node.addEventListener("click", () => node.main?.());
        return node;
    }

    return { element, update };
}
