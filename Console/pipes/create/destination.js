// Step: the table that receives the rows, its columns, engine and keys.
import { debounce, h, replace } from "../../core/dom.js";
import { choice, field, select } from "../../components/field.js";
import { notice } from "../../components/notice.js";
import { toastError } from "../../components/toast.js";
import { columnEditor } from "../columns.js";
import { chipField } from "../chips.js";
import { columnsOf, databaseField, tablesOf } from "./place.js";

const engines = [
    { value: "MergeTree", text: "MergeTree: every row" }, { value: "ReplacingMergeTree", text: "ReplacingMergeTree: the newest row of each key" },
    { value: "SummingMergeTree", text: "SummingMergeTree: sums by key" }, { value: "Null", text: "Null: for materialized views" },
];

/** A key cannot hold NULL: the type without it. */
const required = (type) => type.replace(/^Nullable\((.*)\)$/, "$1").replace(/^LowCardinality\(Nullable\((.*)\)\)$/, "LowCardinality($1)");

export function destinationStep(wizard) {
    const { draft, service, signal } = wizard;
    const { destination, columns } = draft;
    const names = () => columns.map((one) => one.name);
    let sample = null;

    const editor = columnEditor(columns, {
        fields: () => draft.discovered ?? [], virtual: draft.form.virtualColumns, 
        renamed: (before, after) => {
            for (const list of [destination.sortingKey, destination.summed]) if (list.includes(before)) list[list.indexOf(before)] = after;
            if (destination.version === before) destination.version = after;
        },
        changed: () => keys.forEach((one) => one.update()),
    });

    const table = h("input", { value: destination.table, autocomplete: "off", spellcheck: "false",
        oninput: () => { destination.table = table.value; } });
    const newTable = field("Table", table, { path: "destination.table" });
    const tables = select([{ value: "", text: "Choose a table" }], "", { onchange: () => { destination.table = tables.value; useTable(); } });
    const oldTable = field("Table", tables, { path: "destination.table",
        hint: "Its columns are taken over; fields of the sample with the same name are mapped" });
    const note = h("div", { "aria-live": "polite" });

    const sorting = chipField("Sorting key", destination.sortingKey, names, { path: "destination.tableDefinition.sortingKey",
        hint: "ORDER BY, in this order: what queries filter by first", changed: (name) => {
        const column = columns.find((one) => one.name === name);
        if (!column || required(column.type) === column.type) return;
        column.type = required(column.type);
        editor.update();
        said.textContent = `${name} is ${column.type} now: a sorting key cannot be Nullable.`;
    } });
    const said = h("div", { class: "hint", role: "status" });
    sorting.append(said);
    const version = select([], "", { onchange: () => { destination.version = version.value; } });
    const versionField = field("Version column", version, { path: "destination.tableDefinition.engine.versionColumnId",
        hint: "The highest wins; the last inserted row without one" });
    versionField.update = () => {
        replace(version, h("option", { value: "" }, "None"), names().filter(Boolean).map((one) => h("option", { value: one }, one)));
        version.value = destination.version;
    };
    const summed = chipField("Summed columns", destination.summed, names, { path: "destination.tableDefinition.engine.columnIds",
        hint: "All numbers outside the key without any" });
    const keys = [sorting, versionField, summed];
    const engine = select(engines, destination.engine, { onchange: () => { destination.engine = engine.value; arrange(); } });
    const expression = (label, member, hint) => {
        const input = h("input", { class: "mono", value: destination[member], autocomplete: "off", spellcheck: "false",
            oninput: () => { destination[member] = input.value; } });
        return field(label, input, { path: `destination.tableDefinition.${member}`, hint, optional: true });
    };
    const partition = expression("Partition by", "partitionBy", "Such as toYYYYMM(time); few partitions are better");
    const primary = expression("Primary key", "primaryKey", "Where it is shorter than the sorting key");
    const definition = h("div", { class: "pipe-form" }, field("Engine", engine, { path: "destination.tableDefinition.engine" }), sorting,
        versionField, summed, partition, primary);

    const managed = ["New table", "Existing table"].map((text, index) => choice(text,
        { type: "radio", name: "managed", checked: destination.managed === (index === 0), onchange: () => setManaged(index === 0) }));

    function arrange() {
        newTable.hidden = !destination.managed;
        oldTable.hidden = destination.managed;
        // The hidden one of two fields with one path must not take its problems.
        newTable.dataset.path = destination.managed ? "destination.table" : "";
        oldTable.dataset.path = destination.managed ? "" : "destination.table";
        definition.hidden = !destination.managed;
        for (const one of [sorting, partition, primary]) one.hidden = destination.engine === "Null";
        versionField.hidden = destination.engine !== "ReplacingMergeTree";
        summed.hidden = destination.engine !== "SummingMergeTree";
        editor.update();
        keys.forEach((one) => one.update());
    }

    async function setManaged(is) {
        destination.managed = is;
        destination.table = is ? table.value : "";
        replace(note);
        if (is && draft.discovered) fromSample();
        arrange();
        if (!is) await offerTables();
    }

    async function offerTables() {
        if (destination.managed) return;
        const { database } = destination;
        try {
            const all = await tablesOf(service, database || "default", signal);
            if (database !== destination.database) return;
            replace(tables, h("option", { value: "" }, all.length ? "Choose a table" : "No tables in this database"),
                all.map((one) => h("option", { value: one.name }, `${one.name} (${one.engine})`)));
            tables.value = all.some((one) => one.name === destination.table) ? destination.table : "";
        } catch (error) { toastError(error); }
    }

    async function useTable() {
        const { database, table: wanted } = destination;
        try {
            const all = await columnsOf(service, database || "default", wanted, signal);
            if (database !== destination.database || wanted !== destination.table) return;
            const found = new Set((draft.discovered ?? []).map((one) => one.name));
            const taken = draft.discovered ? all.filter((one) => found.has(one.name)) : all;
            columns.splice(0, columns.length, ...all.map((one) => ({ source: taken.includes(one) ? one.name : "", ...one })));
            const left = all.filter((one) => !taken.includes(one));
            replace(note, left.length ? notice(`The sample has no field for ${left.map((one) => one.name).join(", ")}: `
                + "these columns keep their defaults, unless you choose a source field for them.") : null);
            arrange();
        } catch (error) { toastError(error); }
    }

    function fromSample() {
        sample = draft.discovered;
        columns.splice(0, columns.length, ...(sample ?? []).map((one) => ({ source: one.name, name: one.name, type: one.type })));
        for (const list of [destination.sortingKey, destination.summed]) list.splice(0, list.length, ...list.filter((one) => names().includes(one)));
    }

    arrange();
    return {
        element: h("div", { class: "stack wide" },
            h("div", { class: "pipe-form" }, databaseField(wizard, field, debounce(offerTables, 300)),
                h("fieldset", {}, h("legend", {}, "Table is"), h("div", { class: "row" }, managed)), newTable, oldTable),
            note, h("h3", {}, "Columns"), editor.element, definition),
        missing: () => [...(destination.table.trim() ? [] : [{ field: "destination.table", message: "is required" }]), ...editor.missing()],
        enter() {
            if (!destination.table && destination.managed && draft.name) {
                destination.table = draft.name.trim().toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^_+|_+$/g, "");
                table.value = destination.table;
            }
            // The same fields once more, after a new test, must not undo what was changed here.
            if (draft.discovered && JSON.stringify(draft.discovered) !== JSON.stringify(sample) && destination.managed) fromSample();
            arrange();
        },
    };
}
