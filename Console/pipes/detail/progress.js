// Tab: how far the pipe is: files of object storage, tables of a database, lag of a stream.
import { h, replace } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { listen, live } from "../../core/events.js";
import { bytes, count, duration, percent } from "../../core/format.js";
import { button } from "../../components/button.js";
import { empty, notice } from "../../components/notice.js";
import { dataTable } from "../../components/table.js";
import { timeText } from "../../components/time.js";
import { isDatabase, pipeKind } from "../kinds.js";
import { work } from "../live.js";
import { lagText } from "../row.js";
import { tableState } from "./tableState.js";

export function progress(view, signal) {
    const kind = pipeKind(view.pipe);
    if (isDatabase(kind)) return tables(view, signal);
    return kind === "objectStorage" ? files(view, signal) : stream(view, signal);
}

/** Calls `read` now and when the stream says that the pipe has worked, at most every three seconds: no clock asks the server. */
function whenLive(view, read, signal) {
    let last = Date.now(), waiting = null, before = null;
    listen("pipes", (data) => {
        const told = data.pipes.find((one) => one.id === view.pipe.id);
        if (!told || work(told) === before) return;
        const first = before === null;
        before = work(told);
        if (first || waiting) return;
        waiting = setTimeout(() => { waiting = null; last = Date.now(); read({ unasked: true }); }, Math.max(0, last + 3000 - Date.now()));
    }, signal);
    signal.addEventListener("abort", () => clearTimeout(waiting));
    read();
}

const failed = (error) => notice(error.message, "bad");

function files(view, signal) {
    const step = 100;
    let offset = 0;
    const place = h("div", { class: "stack", "aria-live": "off" }, h("div", { class: "skeleton tall" }));
    const table = dataTable("Files", [
        { title: "File", cell: (one) => h("span", { class: "mono break" }, one.key) },
        { title: "Outcome", cell: (one) => h("div", {}, h("span", { class: `badge ${one.outcome === "ingested" ? "good" : "bad"}` },
            one.outcome === "ingested" ? "Loaded" : "Rejected"), one.reason ? h("div", { class: "small break" }, one.reason) : null) },
        { title: "Size", number: true, cell: (one) => h("span", { title: `${count(one.size)} bytes` }, bytes(one.size)) },
        { title: "Modified", cell: (one) => timeText(one.lastModified) },
    ], { key: (one) => `${one.key}\n${one.etag}` });
    // Not awaited: what can be turned to next is known when the page has come.
    const newer = button("Newer", () => { page(-step); }, { small: true }), older = button("Older", () => { page(step); }, { small: true });
    const where = h("span", { class: "muted small", role: "status" });
    let turn = 0;
    const page = (by) => {
        offset = Math.max(0, offset + by);
        newer.disabled = older.disabled = true;
        return read();
    };
    async function read({ unasked = false } = {}) {
        const mine = ++turn;
        try {
            const known = await get(`${view.path}/files?limit=${step + 1}&offset=${offset}`, { signal, unasked });
            if (mine !== turn) return;
            const rows = known.slice(0, step);
            [newer.disabled, older.disabled] = [offset === 0, known.length <= step];
            where.textContent = rows.length ? `${count(offset + 1)} to ${count(offset + rows.length)}, newest first` : "";
            table.update(rows);
            if (!rows.length && offset === 0) replace(place, empty("No files yet",
                "Files stand here when they are loaded or rejected. If the pattern matches none, compare it with the keys in the bucket."));
            else if (!table.isConnected) replace(place, table, h("div", { class: "row apart" }, where,
                h("div", { class: "row tight" }, newer, older)));
        } catch (error) { if (error.name !== "AbortError") replace(place, failed(error)); }
    }
    whenLive(view, read, signal);
    return place;
}

function tables(view, signal) {
    const place = h("div", { class: "stack" }, h("div", { class: "skeleton tall" }));
    /** How much is copied: by rows, else by chunks; without a total nobody knows, and no bar pretends to. */
    const bar = (one) => {
        const done = one.state === "Streaming" || one.state === "Completed";
        const [copied, total] = one.snapshotRowsTotal ? [one.snapshotRows, one.snapshotRowsTotal] : [one.snapshotChunks, one.snapshotChunksTotal];
        const part = done ? 1 : total ? Math.min(1, (copied ?? 0) / total) : null;
        const fill = h("span", {});
        fill.style.width = `${(part ?? 0) * 100}%`;
        return h("div", { class: "stack tight-stack" },
            part === null ? null : h("div", { class: "progress", role: "progressbar", "aria-label": `Snapshot of ${one.source}`,
                "aria-valuenow": Math.round(part * 100), "aria-valuemin": 0, "aria-valuemax": 100 }, fill),
            h("div", { class: "small muted" }, one.snapshotRows ? `${count(one.snapshotRows)} rows` : done ? "copied" : "no rows yet",
                one.snapshotRowsTotal && !done ? ` of about ${count(one.snapshotRowsTotal)}` : "", part === null ? "" : `, ${percent(part)}`));
    };
    const changes = (one) => one.schemaChanges?.length
        ? h("details", { class: "small" }, h("summary", {},
        one.schemaChanges.length === 1 ? "1 change of the source" : `${one.schemaChanges.length} changes of the source`),
        h("ul", { class: "changes" }, one.schemaChanges.map((change) => h("li", { class: "break" }, timeText(change.time), " ", change.change))))
            : null;
    const table = dataTable("Tables", [
        { title: "Table", cell: (one) => [h("div", { class: "mono break" }, one.source),
            h("div", { class: "mono small muted break" }, `→ ${one.targetTable}`)] },
        { title: "State", cell: (one) => [tableState(one.state), one.message ? h("div", { class: "small break" }, one.message) : null,
            changes(one)] },
        { title: "Snapshot", cell: bar },
        { title: "Written", number: true, cell: (one) => [h("div", {}, `${count(one.inserts ?? 0)} rows`),
            h("div", { class: "small muted" }, `${count(one.updates ?? 0)} updates`),
            h("div", { class: "small muted" }, `${count(one.deletes ?? 0)} deletions`)] },
        { title: "Lag", number: true, cell: (one) => duration(one.lagMs) },
    ], { key: (one) => one.targetTable });
    async function read({ unasked = false } = {}) {
        try {
            const known = await get(`${view.path}/tables`, { signal, unasked });
            table.update(known);
            if (!known.length) replace(place, empty("No tables", "Add one under Settings."));
            else if (!table.isConnected) replace(place, table);
        } catch (error) { if (error.name !== "AbortError") replace(place, failed(error)); }
    }
    whenLive(view, read, signal);
    return place;
}

function stream(view, signal) {
    const value = (label) => { const node = h("span", { class: "value" }, "–"); return { node,
        element: h("div", { class: "card figure" }, node, h("span", { class: "label" }, label)) }; };
    const all = { behind: value("Behind the source"), fetched: value("Rows read since Penstock started"),
        sent: value("Rows written since Penstock started"), batches: value("Batches"), open: value("Open batches"), flight: value("In flight"),
        retries: value("Retries") };
    const show = (sample) => {
        const texts = { behind: lagText(sample), fetched: count(sample?.fetchedRows), sent: count(sample?.sentRows), batches: count(sample?.batches),
            open: count(sample?.openBatches), flight: bytes(sample?.inFlightBytes), retries: count(sample?.retries) };
        for (const [key, text] of Object.entries(texts)) if (all[key].node.textContent !== text) all[key].node.textContent = text;
    };
    show(live.pipes.get(view.pipe.id)?.sample);
    listen("pipes", (data) => { const told = data.pipes.find((one) => one.id === view.pipe.id); if (told?.sample) show(told.sample); }, signal);
    return h("div", { class: "stack" }, h("p", { class: "muted" }, "A stream has no end: what counts is how far behind the newest message it is."),
        h("div", { class: "figures" }, Object.values(all).map((one) => one.element)));
}
