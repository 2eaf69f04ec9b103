// A field of SQL in a form: the query editor's pad where CodeMirror is installed, else a text area.
import { debounce, h, replace } from "../core/dom.js";
import { pageStyle } from "../core/libraries.js";
import { group } from "../components/field.js";
import { sqlPad } from "../editor/pad.js";

/** `text()`: the SQL. `changed()` is told of changes; `context()` gives `{ service, database }` for completion. */
export function sqlField(value, { context, changed }) {
    const area = h("textarea", { rows: 8, class: "mono", spellcheck: "false", value, "aria-label": "SQL", oninput: debounce(changed, 250) });
    const place = h("div", { class: "sql-field" }, area);
    const node = group("SQL", place, { path: "sql", hint: "One statement. Parameters are written {name:Type}." });
    node.text = () => area.value;
    upgrade().catch(() => { /* the text area does as well */ });

    async function upgrade() {
        const ended = new AbortController();
        const later = debounce(changed, 250);
        const pad = await sqlPad({
            context, signal: ended.signal, changed: () => { node.problem(null); later(); },
            commands: { run() {}, runAtCursor() {}, save() {}, cancel: () => false },
        });
        if (pad.element.classList.contains("plain")) return;
        await pageStyle("editor");
        pad.setText(area.value);
        replace(place, pad.element);
        node.text = pad.text;
        // Written into while it was in no page, or hidden, it knows its size only when it is seen.
        new IntersectionObserver(() => pad.refresh()).observe(place);
        pad.learn?.(context().service).catch(() => { /* without the server's words its own are coloured */ });
    }
    return node;
}
