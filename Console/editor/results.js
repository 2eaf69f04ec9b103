// The results of one tab: one after the other, each with a tab of its own when there are several.
import { h, replace, uniqueID } from "../core/dom.js";
import { empty } from "../components/notice.js";
import { button } from "../components/button.js";
import { resultPanel } from "./result/panel.js";
import { runStatement } from "./run.js";

const samples = [
    ["Which ClickHouse is this?", "SELECT version(), uptime()"],
    ["Largest tables", `SELECT database, name, engine, total_rows, formatReadableSize(total_bytes) AS size
FROM system.tables
WHERE total_bytes > 0
ORDER BY total_bytes DESC
LIMIT {top:UInt8}`],
    ["Statements of the last hour", `SELECT toStartOfMinute(event_time) AS minute, count() AS statements
FROM system.query_log
WHERE event_time > now() - INTERVAL 1 HOUR
GROUP BY minute
ORDER BY minute`],
];

/**
 * Results of a tab. `actions`: as of `resultPanel`, and `example(sql)`. `changed()` is told when running begins or ends.
 * - element. - running(). - run(statements): runs them one after the other until one fails. - cancel(): true if something ran.
 */
export function tabResults(service, actions, changed) {
    const strip = h("div", { role: "tablist", class: "tabs result-tabs", "aria-label": "Results", hidden: true });
    const panel = h("div", { class: "result-panel", id: uniqueID("results") });
    const element = h("section", { class: "results", "aria-label": "Results" }, strip, panel);
    let entries = [], running = null, closing = new AbortController();

    const introduction = () => !actions.mayRun
        ? empty("Statements cannot be run with this key", "What is saved can be read, in the pane on the left.")
        : empty("No result yet", "Write a statement and run it with Ctrl-Enter (⌘-Enter on a Mac), or begin with one of these:",
        ...samples.map(([text, sql]) => button(text, () => actions.example(sql), { small: true })));
    replace(panel, introduction());

    function add(result, total) {
        const node = h("button", { type: "button", role: "tab", "aria-controls": panel.id, onclick: () => choose(entry) },
            `Result ${entries.length + 1}`);
        const entry = { result, node, view: resultPanel(result, actions, closing.signal) };
        result.addEventListener("change", () => { node.classList.toggle("failed", result.state === "failed"); });
        entries.push(entry);
        node.title = result.statement.text.slice(0, 300);
        strip.append(node);
        strip.hidden = total < 2;
        choose(entry);
    }

    function choose(entry) {
        for (const one of entries) {
            one.node.setAttribute("aria-selected", String(one === entry));
            one.node.tabIndex = one === entry ? 0 : -1;
        }
        replace(panel, entry.view);
    }

    strip.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const at = entries.findIndex((one) => one.node === document.activeElement);
        const next = entries.at((at + step) % entries.length);
        choose(next);
        next.node.focus();
    });

    function clear() {
        closing.abort();
        closing = new AbortController();
        for (const { result } of entries) result.close();
        entries = [];
        replace(strip);
        strip.hidden = true;
    }

    /** Answers the results. */
    async function run(statements, options) {
        running?.abort();
        clear();
        const mine = running = new AbortController();
        changed();
        const results = [];
        for (const statement of statements) {
            const result = await runStatement(service, statement, mine.signal, (one) => add(one, statements.length), options);
            results.push(result);
            if (result.state !== "done" && result.state !== "full") break;
        }
        if (running === mine) { running = null; changed(); }
        return results;
    }

    return {
        element, run,
        running: () => running !== null,
        cancel() {
            if (!running) return false;
            running.abort();
            return true;
        },
        close() { running?.abort(); clear(); },
        results: () => entries.map((one) => one.result),
    };
}
