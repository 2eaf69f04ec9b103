// Joins the parts of the editor: the open tabs, the SQL, its variables, what it gave, and what can be done with it.
import { debounce, h, replace } from "../core/dom.js";
import { href, replaceAddress } from "../core/router.js";
import { icon } from "../components/icon.js";
import { notice } from "../components/notice.js";
import { tabs } from "../components/tabs.js";
import { toast } from "../components/toast.js";
import { permissions } from "../core/session.js";
import { forgetDictionary } from "./dictionary.js";
import { usedVariables } from "./drafts.js";
import { narrow, sideToggle, splitter } from "./layout.js";
import { sqlPad } from "./pad.js";
import { leafOf } from "./queries.js";
import { queriesPane } from "./queries-pane.js";
import { tabResults } from "./results.js";
import { errorPlace, placeholders, statementAt, statements, verb } from "./statements.js";
import { tablesPane } from "./tables-pane.js";
import { tabStrip } from "./tabstrip.js";
import { toolbar } from "./toolbar.js";
import { variablesPanel } from "./variables.js";

export async function workbench({ service, drafts, signal, mayRun, title }) {
    const results = new Map(); // id of a tab: its results
    const asked = new WeakMap(); // tab: the statements that were to run last, also those that came to no result
    let shown = null; // the tab that the parts show
    const commands = { run: () => runAll(), runAtCursor: () => runHere(), cancel: () => resultsOf(drafts.active).cancel(), save: () => bar.save() };
    const pad = await sqlPad({ context: () => ({ service: mayRun ? service : null, database: drafts.active.database }), changed: () => edited(),
        commands, signal });
    const variables = variablesPanel(() => { drafts.keep(); mirror(); bar.update(); });
    const resultPlace = h("div", { class: "result-place" });
    const work = h("div", { class: "editor-work", id: "editor-work", role: "tabpanel", "aria-label": "Query" });
    const strip = tabStrip(drafts, "editor-work", signal);
    const bar = toolbar({
        service, drafts, signal, mayRun, commands, selection: () => pad.selection(), running: () => resultsOf(drafts.active).running(),
        changed: (event) => { strip.update(); mirror(); if (event === "saved") queries.update(); if (event === "replaced") showTab(true); }, link,
    });
    const queries = queriesPane(service, {
        signal, open: (query) => { drafts.open(query); side.close(); pad.focus(); },
        changed: (query) => {
            for (const tab of drafts.tabs) {
                if (tab.queryId !== query.id) continue;
                // Where somebody else changed it meanwhile, the older time stays: by that, saving sees it and asks.
                const same = query.sql === tab.saved?.sql && query.database === tab.saved?.database;
                Object.assign(tab, { name: query.name, saved: { ...tab.saved, name: query.name, ...same ? { updatedAt: query.updatedAt } : {} } });
            }
            drafts.tell();
        },
        deleted: (id) => { for (const tab of drafts.tabs) if (tab.queryId === id) Object.assign(tab,
            { queryId: null, saved: null }); drafts.tell(); },
    });
    const tables = mayRun ? tablesPane(service, {
        signal, insert: (text) => { pad.insert(text); side.close(); },
        ask: (sql, database) => { drafts.add({ sql, database, name: "" }); side.close(); runAll(); },
    }) : null;

    const sideTabs = tabs("Tables and queries", [
        ...tables ? [{ id: "tables", text: "Tables", show: () => tables.element }] : [],
        { id: "queries", text: "Queries", show: () => queries.element },
    ], { signal });
    const sidePane = h("aside", { class: "editor-side", "aria-label": "Tables and queries" }, sideTabs.element);
    const frame = h("div", { class: "editor-frame" });
    const side = sideToggle(sidePane, frame);
    side.toggle.append(icon("folder"));
    const writing = h("div", { class: "writing" }, pad.element, variables.element);
    work.append(bar.element, h("div", { class: "editor-split" }, writing, splitter(writing, () => pad.refresh()), resultPlace));
    frame.append(h("div", { class: "editor-veil" }), sidePane,
        h("div", { class: "editor-main" }, h("div", { class: "editor-top" }, side.toggle, strip.element), work));

    function resultsOf(tab) {
        if (!results.has(tab.id)) {
            results.set(tab.id, tabResults(service, {
                service, mayRun, name: () => tab.name, place: (result) => placeOf(tab, result), goTo: (result) => goTo(placeOf(tab, result)),
                // The stopped one is the last that has a result; those before it have run, and may not run twice.
                wake: () => start(asked.get(tab).slice(resultsOf(tab).results().length - 1), tab, { wake: true }),
                example: (sql) => { drafts.add({ sql, name: "" }); if (!placeholders(sql).length) runAll(); },
            }, () => { if (tab === drafts.active) bar.update(); }));
        }
        return results.get(tab.id);
    }

    /** Where the statement's error is in the tab's text, if the text still has the statement. */
    function placeOf(tab, result) {
        const place = result.error && errorPlace(result.statement.text, result.error.message);
        const begin = tab.sql.slice(result.statement.from).startsWith(result.statement.text) ? result.statement.from
            : tab.sql.indexOf(result.statement.text);
        if (!place || begin < 0) return null;
        const from = begin + place.from;
        const before = tab.sql.slice(0, from).split("\n");
        return { from, to: begin + place.to, line: before.length, column: before.at(-1).length + 1 };
    }

    function goTo(place) {
        if (place) pad.show(place.from);
        else toast("The text was changed: the statement no longer stands in it.", "info");
    }

    const edited = () => {
        drafts.active.sql = pad.text();
        pad.clearMarks();
        settle();
    };
    const settle = debounce(() => {
        if (signal.aborted) return;
        drafts.keep();
        strip.update();
        bar.update();
        variables.show(placeholders(drafts.active.sql), drafts.active.variables);
        mirror();
    }, 120);

    function link(tab) {
        const values = Object.fromEntries(Object.entries(usedVariables(tab)).map(([name, value]) => [`param_${name}`, value]));
        return tab.queryId ? [`/queries/${tab.queryId}`, values] : ["/queries", {}];
    }
    const mirror = debounce(() => { if (!signal.aborted) replaceAddress(...link(drafts.active)); }, 250);

    function showTab(anew = false) {
        const tab = drafts.active;
        if (tab !== shown || anew || pad.text() !== tab.sql) {
            shown = tab;
            pad.setText(tab.sql);
            replace(resultPlace, resultsOf(tab).element);
            markErrors(tab);
        }
        variables.show(placeholders(tab.sql), tab.variables);
        title(tab.name ? leafOf(tab.name) : "Queries");
        bar.update();
        strip.update();
        queries.mark(tab.queryId);
        mirror();
        for (const [id, one] of results) if (!drafts.tabs.some((tab) => tab.id === id)) { one.close(); results.delete(id); }
    }

    function markErrors(tab) {
        pad.clearMarks();
        for (const result of resultsOf(tab).results()) {
            const place = result.state === "failed" ? placeOf(tab, result) : null;
            if (place) pad.mark(place.from, place.to);
        }
    }

    function runAll() {
        const tab = drafts.active;
        tab.sql = pad.text();
        return start(statements(tab.sql), tab);
    }

    function runHere() {
        const tab = drafts.active;
        tab.sql = pad.text();
        const range = pad.selection();
        const found = range ? statements(tab.sql.slice(range.from,
            range.to)).map((one) => ({ ...one, from: one.from + range.from, to: one.to + range.from }))
            : [statementAt(tab.sql, pad.cursor())].filter(Boolean);
        for (const one of found) pad.flash(one.from, one.to);
        return start(found, tab);
    }

    async function start(found, tab, options) {
        if (!mayRun) return;
        if (!found.length) { toast("There is no statement to run yet.", "info"); pad.focus(); return; }
        if (resultsOf(tab).running()) resultsOf(tab).cancel();
        pad.clearMarks();
        drafts.keep();
        const wanted = placeholders(found.map((one) => one.text).join(";\n"));
        variables.show(placeholders(tab.sql), tab.variables);
        const values = variables.collect(wanted);
        if (!values) return;
        if (narrow()) resultPlace.scrollIntoView({ block: "nearest" });
        asked.set(tab, found);
        const made = await resultsOf(tab).run(found.map((one) => ({ text: one.text, from: one.from, database: tab.database, variables: values })),
            options);
        if (signal.aborted) return;
        const failed = made.find((one) => one.state === "failed");
        if (failed && tab === drafts.active) {
            markErrors(tab);
            const named = /parameter `([^`]+)`(?: \([^]*?\))?: ([^]+)/.exec(failed.error.message);
            if (named) variables.problem(named[1], named[2]);
        }
        if (made.some((one) => one.state === "done"
            && /^(CREATE|DROP|ALTER|RENAME|EXCHANGE|ATTACH|DETACH|TRUNCATE|INSERT|UNDROP)$/.test(verb(one.statement.text)))) {
            forgetDictionary(service);
            tables?.update();
        }
    }

    drafts.addEventListener("change", () => showTab(), { signal });
    // A key that is held down repeats by itself: what it runs, an INSERT even, is run once. Before all others, as CodeMirror has keys of its own.
    window.addEventListener("keydown", (event) => {
        if (!event.repeat || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        event.stopPropagation();
    }, { capture: true, signal });
    window.addEventListener("keydown", (event) => {
        const main = event.ctrlKey || event.metaKey;
        if (event.defaultPrevented || document.querySelector("dialog[open], .menu")) return;
        if (main && event.key === "Enter") { event.preventDefault(); (event.shiftKey ? runHere : runAll)(); }
        else if (main && event.key.toLowerCase() === "s") { event.preventDefault(); bar.save(); }
        else if (event.key === "Escape") commands.cancel();
    }, { signal });
    signal.addEventListener("abort", () => { for (const one of results.values()) one.close(); });

    const element = h("div", {},
        mayRun ? null : h("div", { class: "editor-problem" },
        notice(["Your key may not run SQL on this service: it lacks the permission ", h("code", {}, permissions.useSQL),
        ". Saved queries can be read; somebody who manages keys can give your key a role with this permission. ",
        h("a", { href: href("/keys") }, "Keys")], "warn")), frame);
    showTab(true);
    queries.update();
    tables?.update();
    // The server's words are many: they are asked for when there is SQL to colour or to complete.
    const learn = () => pad.learn(service).catch((error) => {
        if (!signal.aborted && error.status !== 401) console.warn("The server's words are not known:", error.message);
    });
    if (mayRun && pad.text().trim()) learn();
    else if (mayRun) pad.element.addEventListener("keydown", learn, { once: true, signal });
    // CodeMirror measures itself once it stands in the page.
    requestAnimationFrame(() => { pad.refresh(); if (!matchMedia("(pointer: coarse)").matches) pad.focus(); });
    return element;
}
