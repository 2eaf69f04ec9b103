// One value in full.
import { h, replace } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { openDialog } from "../../components/dialog.js";
import { copyText } from "../../components/code.js";
import { button } from "../../components/button.js";
import { choice } from "../../components/field.js";
import { pretty } from "./cells.js";

const longest = 1_000_000; // characters shown; copying takes all

const size = (value) => `${count(value.length)} characters, ${count(new TextEncoder().encode(value).length)} bytes`;

/** `value`: text or null. */
export function inspectCell({ column, place, value }) {
    return openDialog(`${column.name}, row ${count(place + 1)}`, (close) => {
        const arranged = value === null ? null : pretty(value);
        const text = h("pre", { tabindex: "0", role: "region", "aria-label": "Value", class: "cell-value", dataset: { test: "cell-value" } });
        const show = (one) => replace(text, one ? one.slice(0, longest) : h("em", { class: "muted" }, one === null ? "NULL" : "The empty text"));
        show(arranged ?? value);
        const wrapped = choice("Wrap lines", { checked: true, onchange: () => text.classList.toggle("wrapped", wrapped.input.checked) });
        text.classList.add("wrapped");
        const formatted = arranged === null ? null
            : choice("Arrange JSON", { checked: true, onchange: () => show(formatted.input.checked ? arranged : value) });
        return {
            body: [
                h("div", { class: "row" }, h("code", { class: "muted break" }, column.type),
                    value === null ? null : h("span", { class: "muted small" }, size(value))),
                h("div", { class: "row" }, formatted, wrapped), text,
                value !== null && value.length > longest
                    ? h("p", { class: "muted small" }, `The first ${count(longest)} characters are shown; Copy takes all.`) : null,
            ],
            foot: [button("Copy", () => copyText(formatted?.input.checked ? arranged : value ?? ""), { symbol: "copy", disabled: value === null }),
                button("Close", () => close(), { kind: "primary" })],
        };
    }, { wide: true });
}
