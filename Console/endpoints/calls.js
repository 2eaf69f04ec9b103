// The last calls of an endpoint, newest first.
import { h, replace } from "../core/dom.js";
import { envelope, query } from "../core/api.js";
import { bytes, count, duration } from "../core/format.js";
import { button } from "../components/button.js";
import { select } from "../components/field.js";
import { dataTable } from "../components/table.js";
import { timeText } from "../components/time.js";
import { toastError } from "../components/toast.js";

const kinds = [{ value: "", text: "All calls" }, { value: "ok", text: "Answered" }, { value: "error", text: "Not answered" },
    { value: "4xx", text: "Status 4xx" }, { value: "5xx", text: "Status 5xx" }];

/** A section with `refresh()`, and `rename()` for when more names are known. `nameOf(call)`: the name of the call's key where it is known. */
export function callsTable(path, nameOf, signal) {
    const kind = select(kinds, "", { "aria-label": "Which calls", onchange: () => refresh().catch(toastError) });
    const table = dataTable("Last calls", [
        { title: "Time", cell: (call) => timeText(call.time) },
        { title: "Status", cell: status },
        { title: "Duration", number: true, cell: (call) => duration(call.durationMs) },
        { title: "Key", cell: (call) => h("span", { class: "break" },
            call.tokenSubject !== undefined ? `Token of ${call.tokenSubject}` : call.keyName ?? "–") },
        { title: "Rows", number: true, cell: (call) => count(call.resultRows === 0 && call.resultBytes > 0 ? null : call.resultRows) },
        { title: "Bytes", number: true, cell: (call) => bytes(call.resultBytes) },
        { title: "Read", number: true, cell: (call) => count(call.readRows) }, { title: "Cache", cell: (call) => call.cache ?? "none" },
        { title: "Version", number: true, cell: (call) => count(call.version) },
        { title: "Error", cell: (call) => call.errorCode ? h("span", { class: "break" }, errorWords(call)) : "" },
        { title: "From", cell: (call) => call.clientAddress ?? "–" },
        { title: "Query id", cell: (call) => h("code", { class: "small nowrap" }, call.queryId ?? call.requestId ?? "–") },
    ], { key: (call) => call.requestId ?? `${call.time}${call.queryId}` });
    const none = h("p", { class: "muted", hidden: true });
    const more = button("Older calls", older, { small: true });
    more.hidden = true;
    // `shown.kind` is the kind of the calls that are shown; the select may already say another one.
    let shown = [], cursor = null, asked = 0;

    const page = (from, status, unasked = false) => envelope("GET", path + "/calls" + query({ limit: 20, cursor: from, status }),
        { signal, unasked });

    async function refresh({ unasked = false } = {}) {
        const mine = ++asked, wanted = kind.value;
        let found;
        try {
            found = await page(null, wanted, unasked);
        } catch (error) {
            if (mine === asked) throw error;
        }
        // Only the newest question counts: its answer may have come first.
        if (mine !== asked) return;
        // Older pages that were asked for stay below the newest.
        const fresh = new Set(found.result.map((call) => call.requestId));
        const rest = shown.kind === wanted && shown.length > 20 ? shown.filter((call) => !fresh.has(call.requestId)) : [];
        if (rest.length === 0) cursor = found.nextCursor ?? null;
        shown = [...found.result, ...rest];
        shown.kind = wanted;
        show();
    }

    async function older() {
        try {
            const above = shown;
            const found = await page(cursor, above.kind);
            // The list was renewed meanwhile: the page may no longer be the one below it.
            if (shown !== above) return cursor ? await older() : undefined;
            cursor = found.nextCursor ?? null;
            shown = [...above, ...found.result];
            shown.kind = above.kind;
            show();
        } catch (error) { toastError(error); }
    }

    function show() {
        // The name stands in the row, so that the row is drawn anew when it becomes known.
        table.update(shown.map((call) => ({ ...call, keyName: nameOf(call) })));
        table.hidden = shown.length === 0;
        none.hidden = shown.length > 0;
        replace(none, shown.kind ? "No such calls." : "Nobody has called it yet. Copy a sample and run it.");
        more.hidden = !cursor;
    }

    const node = h("section", { class: "stack", "aria-label": "Last calls" },
        h("div", { class: "row apart" }, h("h3", {}, "Last calls"), h("div", {}, kind)), none, table, h("div", { class: "row" }, more));
    node.refresh = refresh;
    node.rename = () => { if (shown.length) show(); };
    return node;
}

const errorWords = (call) => [call.errorClass, call.errorCode].filter(Boolean).join(" ");

function status(call) {
    const kind = call.errorCode ? call.status < 500 && call.status >= 400 ? "warn" : "bad" : "good";
    return h("span", { class: `badge ${kind}`, title: call.errorCode ? "Not fully answered" : "Answered" }, String(call.status));
}
