// The columns that a pipe writes: which field goes into which column of which type.
import { h, replace, uniqueID } from "../core/dom.js";
import { button } from "../components/button.js";
import { openMenu } from "../components/menu.js";

const types = ["String", "LowCardinality(String)", "Nullable(String)", "Bool", "UInt8", "UInt16", "UInt32", "UInt64", "Int8", "Int16", "Int32",
    "Int64", "Float32", "Float64", "Decimal(18, 4)", "Date", "Date32", "DateTime", "DateTime64(3)", "DateTime64(6)", "UUID", "IPv4", "IPv6",
    "Array(String)", "Map(String, String)", "JSON"];

/**
 * `{ element, update(), missing() }`. `columns`: `[{ source, name, type }]`, changed in place.
 *
 * - fields(): what the source has, `[{ name, type }]`. - virtual: its virtual columns.
 * - changed(): told of each change. - renamed(before, after): the name of a column changed.
 */
export function columnEditor(columns, { fields = () => [], virtual = [], changed = () => {}, renamed = () => {},
    disabled = false } = {}) {
    const sources = h("datalist", { id: uniqueID("sources") }), known = h("datalist", { id: uniqueID("types") },
        types.map((type) => h("option", { value: type })));
    const body = h("div", { class: "columns-body" });
    const none = h("p", { class: "muted" }, "No columns yet: add them here, or go back and read a sample.");

    /** A control in a row, with its problem below it. */
    function cell(label, control, path) {
        const id = uniqueID("cell");
        const problem = h("div", { class: "problem", id, "aria-live": "polite" });
        control.setAttribute("aria-label", label);
        control.setAttribute("aria-describedby", id);
        control.disabled = control.disabled || disabled;
        const short = h("span", { class: "cell-label", "aria-hidden": "true" }, label.replace(/ of column \d+$/, ""));
        const node = h("div", { class: "field", dataset: { path } }, short, control, problem);
        node.problem = (text) => {
            replace(problem, text ?? "");
            if (text) control.setAttribute("aria-invalid", "true");
            else control.removeAttribute("aria-invalid");
        };
        control.addEventListener("input", () => node.problem(null));
        return node;
    }

    function line(column, index) {
        const number = index + 1;
        const text = (value, attributes) => h("input", { class: "mono", value: value ?? "", autocomplete: "off", spellcheck: "false",
            ...attributes });
        const source = text(column.source, { list: sources.id, placeholder: "default of the column",
            oninput: () => { column.source = source.value; follow(); changed(); } });
        const name = text(column.name, {
            oninput: () => { const before = column.name; column.fresh = false; column.name = name.value; renamed(before, name.value); changed(); } });
        const type = text(column.type, { list: known.id, oninput: () => { column.type = type.value; changed(); } });
        /** A column that is being added is called as its field, and typed as it, until it gets a name of its own. */
        function follow() {
            if (!column.fresh) return;
            column.name = name.value = column.source;
            const found = [...fields(), ...virtual].find((one) => one.name === column.source);
            if (found) column.type = type.value = found.type;
        }
        const small = (label, symbol, action, off) => button(`${label} column ${number}`, action,
            { symbol, iconOnly: true, small: true, kind: "quiet", disabled: disabled || off });
        return h("div", { class: "column-line", role: "group", "aria-label": `Column ${number}` },
            cell(`Source field of column ${number}`, source, `fieldMappings[${index}].sourceField`),
            cell(`Name of column ${number}`, name, `destination.columns[${index}].name`),
            cell(`Type of column ${number}`, type, `destination.columns[${index}].type`),
            h("div", { class: "column-tools" },
                small("Move up", "up", () => move(index, -1), index === 0),
                small("Move down", "down", () => move(index, 1), index === columns.length - 1),
                small("Remove", "trash", () => { columns.splice(index, 1); update(); changed(); focus(Math.min(index, columns.length - 1)); })));
    }

    const focus = (index) => (body.children[index]?.querySelector(".column-tools button:not(:disabled)") ?? add).focus();
    function move(index, step) {
        columns.splice(index + step, 0, ...columns.splice(index, 1));
        update();
        changed();
        focus(index + step);
    }

    function update() {
        replace(sources, [...fields(), ...virtual].map((one) => h("option", { value: one.name }, one.type)));
        replace(body, columns.map(line));
        none.hidden = columns.length > 0;
    }

    function append(column) {
        columns.push(column);
        update();
        changed();
        body.lastElementChild.querySelector("input:not(:disabled)")?.focus();
    }

    const add = button("Add a column", () => append({ source: "", name: "", type: "String", fresh: true }),
        { symbol: "plus", small: true, disabled });
    const addVirtual = virtual.length ? button("Add a virtual column", () => openMenu(addVirtual, virtual.map((one) => ({
        text: `${one.name}  ${one.type}`, disabled: columns.some((column) => column.source === one.name),
            action: () => append({ source: one.name, name: one.name, type: one.type }),
    }))), { symbol: "down", small: true, disabled }) : null;
    update();
    const problem = h("div", { class: "problem", "aria-live": "polite" });
    const element = h("div", { class: "field stack columns", dataset: { path: "destination.columns" } },
        h("div", { class: "column-heads small muted", "aria-hidden": "true" },
            ["Source field", "Column", "Type", ""].map((text) => h("span", {}, text))),
        body, none, problem, h("div", { class: "row tight" }, add, addVirtual), sources, known);
    element.problem = (text) => replace(problem, text ?? "");
    return {
        update, element,
        missing() {
            if (!columns.length) return [{ field: "destination.columns", message: "must list at least one column" }];
            if (columns.every((column) => !column.source?.trim())) return [{ field: "fieldMappings[0].sourceField",
                message: "is required in one column at least" }];
            return columns.flatMap((column, index) => ["name", "type"].filter((member) => !column[member]?.trim())
                .map((member) => ({ field: `destination.columns[${index}].${member}`, message: "is required" })));
        },
    };
}
