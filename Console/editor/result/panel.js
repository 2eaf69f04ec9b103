// One result: its line of statistics, what can be done with it, and the table, chart, text or error itself.
import { debounce, h, replace } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { button } from "../../components/button.js";
import { copyText } from "../../components/code.js";
import { openMenu } from "../../components/menu.js";
import { toast, toastError } from "../../components/toast.js";
import { resultGrid } from "./grid.js";
import { inspectCell } from "./inspect.js";
import { chartView } from "./chart.js";
import { downloadDialog, saveShown, saveText } from "./download.js";
import { done, partNote, stateBadge, statistics } from "./summary.js";
import { failureNotice } from "./failure.js";

const copyLimit = 64_000_000;

/** `actions`: `{ service, name(), goTo(result), wake(result) }`. The signal is aborted when the result is closed. */
export function resultPanel(result, actions, signal) {
    const line = h("div", { class: "result-line", role: "status", dataset: { test: "result-status" } });
    const figures = h("span", { class: "muted small", "aria-hidden": "true" });
    const bar = h("span");
    const progress = h("div", { class: "progress", role: "progressbar", "aria-label": "Rows read", "aria-valuemin": "0", "aria-valuemax": "100" },
        bar);
    const tools = h("div", { class: "row tight result-tools reserved" });
    const body = h("div", { class: "result-body" });
    const element = h("div", { class: "result", dataset: { test: "result" } },
        h("div", { class: "result-head" }, line, figures, h("span", { class: "grow" }), tools), progress, body);
    const notes = h("div", { class: "result-note", "aria-live": "polite" });
    let grid = null, making = false, view = "table", leaveChart = null, shownState = null;
    const chosen = {};

    const columnIndexes = () => result.columns.map((_, at) => at);
    async function copy({ from, to, columns }, header = false) {
        // One cell alone is no table: nothing of it has to be escaped.
        if (!header && to - from === 1 && columns.length === 1 && from < result.rows) {
            const { value } = await result.reader.ask("cell", { place: from, column: columns[0] });
            await copyText(value ?? "NULL");
            return;
        }
        const { text, cut } = await result.reader.ask("text",
            { from, to, columns, names: result.columns.map((one) => one.name), kind: "tsv", header, limit: copyLimit });
        await copyText(text);
        if (cut) toast("More than the clipboard takes was selected: its begin was copied. Download has all of it.", "warn");
    }
    const inspect = async (place, column) => {
        const { value } = await result.reader.ask("cell", { place, column });
        await inspectCell({ column: result.columns[column], place, value });
        grid.element.focus();
    };

    const search = searchBox(() => grid, (...values) => result.reader.ask(...values));
    const viewButton = (id, text) => button(text, () => show(id),
        { symbol: id, small: true, kind: "quiet", attributes: { "aria-pressed": String(id === "table") } });
    const views = [viewButton("table", "Table"), viewButton("chart", "Chart")];
    const copyButton = button("Copy", () => {
        const cursor = grid.cursor();
        const one = { from: Math.max(0, cursor.place), to: Math.max(0, cursor.place) + 1 };
        openMenu(copyButton, [
            { text: "Cell", action: () => copy({ ...one, columns: [cursor.column] }).catch(toastError) },
            { text: "Row", action: () => copy({ ...one, columns: columnIndexes() }).catch(toastError) },
            { text: "Selected cells", action: () => copy(grid.selection()).catch(toastError) },
            { text: "Everything, with names", action: () => copy({ from: 0, to: result.rows, columns: columnIndexes() }, true).catch(toastError) },
        ]);
    }, { symbol: "copy", small: true, kind: "quiet" });
    const inspectButton = button("Open the chosen cell (Enter)", () => {
        const { place, column } = grid.cursor();
        if (result.rows) inspect(Math.max(0, place), column).catch(toastError);
    }, { symbol: "info", iconOnly: true, small: true, kind: "quiet", attributes: { "data-test": "inspect" } });
    const downloadButton = button("Download", () => openMenu(downloadButton, [
        ...result.columns ? [
            { text: "CSV, as shown", symbol: "table", action: () => saveShown(result, "csv", actions.name()) },
            { text: "TSV, as shown", symbol: "table", action: () => saveShown(result, "tsv", actions.name()) },
            { text: "JSONEachRow, as shown", symbol: "table", action: () => saveShown(result, "json", actions.name()) }] : [],
        ...result.text !== null ? [{ text: "The text, as shown", symbol: "query", action: () => saveText(result, actions.name()) }] : [],
        result.text === null && { text: "Another format…", symbol: "download",
            action: () => downloadDialog(actions.service, result, actions.name()).catch(toastError) },
    ]), { symbol: "download", small: true, kind: "quiet" });
    replace(tools, search.element, ...views, inspectButton, copyButton, downloadButton);

    async function makeGrid() {
        making = true;
        const { widths } = await result.reader.ask("widths");
        grid = resultGrid({
            columns: result.columns, widths, open: (place, column) => inspect(place, column).catch(toastError),
            copy: (selection) => copy(selection).catch(toastError),
            source: async (from, to) => (await result.reader.ask("window", { from, to })).cells,
            sort: async (column, descending) => {
                const type = column === null ? null : result.columns[column].type;
                try {
                    return !(await result.reader.ask("sort", { column, descending, type })).stopped;
                } catch (error) {
                    toastError(error);
                    return false;
                }
            },
        });
        grid.update(result.rows);
        if (!signal.aborted && view === "table") show("table");
    }

    function show(id) {
        view = id;
        leaveChart?.abort();
        views.forEach((node, at) => node.setAttribute("aria-pressed", String((at === 0) === (id === "table"))));
        search.element.hidden = inspectButton.hidden = copyButton.hidden = id !== "table";
        if (id === "chart") {
            leaveChart = new AbortController();
            signal.addEventListener("abort", () => leaveChart.abort());
            replace(body, notes, chartView(result, chosen, leaveChart.signal));
        } else replace(body, notes, grid.element);
    }

    function update() {
        const running = result.state === "running";
        if (shownState !== result.state) {
            shownState = result.state;
            replace(line, stateBadge(result.state), running ? null : h("span", { class: "visually-hidden" }, ", ", statistics(result).join(", ")));
            replace(notes, partNote(result) && h("p", { class: "small warn" }, partNote(result)), totals());
        }
        figures.textContent = statistics(result).join(" · ");
        tools.hidden = !running && !result.columns && !result.textFormat;
        const part = done(result);
        progress.classList.toggle("ended", !running);
        progress.classList.toggle("unknown", running && part === null);
        bar.style.width = part === null ? "" : `${part * 100}%`;
        if (part === null) progress.removeAttribute("aria-valuenow");
        else progress.setAttribute("aria-valuenow", String(Math.round(part * 100)));
        if (result.state === "failed" && !failed) {
            failed = true;
            replace(notes, failureNotice(result, actions));
            if (!body.contains(notes)) replace(body, notes);
        }
        if (result.state === "stopped") replace(body, h("div", { class: "stack" }, failureNotice(result, actions)));
        if (result.columns) {
            tools.classList.remove("reserved");
            if (!grid && !making && (result.rows || !running)) makeGrid().catch(toastError);
            grid?.update(result.rows);
        } else if (result.text !== null && !running && result.state !== "stopped") {
            tools.classList.toggle("reserved", !result.textFormat);
            for (const one of [search.element, ...views, inspectButton, copyButton]) one.hidden = true;
            if (!body.querySelector("pre")) replace(body, notes, text());
        } else if (result.state === "cancelled") replace(body, notes);
    }
    let failed = false;
    const totals = () => result.totals && h("p", { class: "small break" }, h("strong", {}, "Totals: "),
        result.columns.map((one, at) => `${one.name} ${result.totals[at] ?? "NULL"}`).join(" · "));
    const text = () => result.textFormat
        ? h("pre", { class: "result-text", tabindex: "0", role: "region", "aria-label": "Result" }, result.text)
        : h("p", { class: "result-ok" }, result.text.trim() === "OK"
            ? `Done${result.written ? `: ${count(result.written)} rows written` : ""}. The statement returns no rows.`
            : result.text || "The statement returned nothing.");
    result.addEventListener("change", () => { if (!signal.aborted) update(); });
    update();
    return element;
}

/** Searching the rows: how many cells match, and going from one to the next. */
function searchBox(grid, ask) {
    const input = h("input", { type: "search", class: "result-search", placeholder: "Search the result", "aria-label": "Search the result" });
    const told = h("span", { class: "small muted", role: "status" });
    let total = 0, at = -1;
    const go = async (step) => {
        if (!total) return;
        at = (at + step + total) % total;
        const { place, column } = await ask("match", { number: at });
        grid()?.select(place, column);
        told.textContent = `${count(at + 1)} of ${count(total)}`;
    };
    const search = debounce(async () => {
        told.textContent = input.value ? "Searching…" : "";
        total = 0; // until the answer comes there is no match to go to
        try {
            const answer = await ask("find", { text: input.value });
            if (answer.stopped) return;
            total = answer.count;
            at = -1;
            next.disabled = previous.disabled = !total;
            told.textContent = input.value ? `${count(total)}${answer.more ? " or more" : ""} ${total === 1 ? "match" : "matches"}` : "";
            if (total) await go(1);
        } catch (error) { toastError(error); }
    }, 250);
    input.addEventListener("input", search);
    input.addEventListener("keydown", (event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        go(event.shiftKey ? -1 : 1).catch(toastError);
    });
    const previous = button("Previous match", () => { go(-1).catch(toastError); },
        { symbol: "up", iconOnly: true, small: true, kind: "quiet", disabled: true });
    const next = button("Next match", () => { go(1).catch(toastError); },
        { symbol: "down", iconOnly: true, small: true, kind: "quiet", disabled: true });
    return { element: h("div", { class: "row tight result-find" }, input, told, previous, next) };
}
