import { h, replace } from "../core/dom.js";

/**
 * A table of records, for lists of hundreds. Columns: `{ title, cell(record), number }`; `cell` gives text or an element.
 * The first column names the record. `update(records)` renews it in place, keeping rows by `key(record)`.
 */
export function dataTable(label, columns, { key = (record) => record.id } = {}) {
    const body = h("tbody");
    const table = h("table", { class: "data", "aria-label": label },
        h("thead", {}, h("tr", {}, columns.map(heading))), body);
    const frame = h("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": label }, table);
    const rows = new Map();
    const usable = (row) => [...row.querySelectorAll("a[href], button, summary, input, select")];
    function fill(row, record) {
        // Whoever stands in the row while it is drawn anew stands there afterwards.
        const at = usable(row).indexOf(document.activeElement);
        replace(row, columns.map((column, index) => {
            const attributes = { scope: index === 0 ? "row" : null, class: column.number ? "number" : "" };
            return h(index === 0 ? "th" : "td", attributes, column.cell(record));
        }));
        if (at >= 0) usable(row)[at]?.focus({ preventScroll: true });
    }
    frame.update = (records) => {
        const seen = new Set();
        records.forEach((record, index) => {
            const id = key(record, index);
            seen.add(id);
            const text = JSON.stringify(record);
            let entry = rows.get(id);
            if (!entry) rows.set(id, entry = { row: h("tr"), text: null });
            if (entry.text !== text) { fill(entry.row, record); entry.text = text; }
            if (body.children[index] !== entry.row) body.insertBefore(entry.row, body.children[index] ?? null);
        });
        for (const [id, entry] of rows) if (!seen.has(id)) { entry.row.remove(); rows.delete(id); }
        return frame;
    };
    return frame;
}

function heading(column) {
    const text = column.title || h("span", { class: "visually-hidden" }, "Actions");
    return h("th", { scope: "col", class: column.number ? "number" : "" }, text);
}
