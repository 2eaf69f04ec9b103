// What the databases and tables of a service hold.
import { h, replace } from "../core/dom.js";
import { bytes, count, percent } from "../core/format.js";
import { can, permissions } from "../core/session.js";
import { button } from "../components/button.js";
import { notice } from "../components/notice.js";
import { dataTable } from "../components/table.js";
import { diskSizes, tableSizes } from "./data.js";

const most = 20;

/** A card that fills itself. `renew(service)`: when the service has come to run. */
export function sizesSection(service, signal) {
    const body = h("div", { class: "stack", "aria-busy": "true" }, h("div", { class: "skeleton sizes" }));
    const node = h("section", { class: "card stack", "aria-label": "Size" }, h("h2", {}, "Size"), body);
    const table = dataTable("Tables by size", [
        { title: "Table", cell: (one) => h("span", { class: "break" }, `${one.database}.${one.name}`) },
        { title: "Engine", cell: (one) => one.engine },
        { title: "Rows", number: true, cell: (one) => count(one.rows) }, { title: "On disk", number: true, cell: (one) => bytes(one.bytes) },
        { title: "Uncompressed", number: true, cell: (one) => Number(one.raw) ? bytes(one.raw) : "–" },
        { title: "Compressed by", number: true, cell: factor },
        { title: "Parts", number: true, cell: (one) => count(one.parts) },
    ], { key: (one) => `${one.database}\n${one.name}` });

    async function load() {
        try {
            const [tables, disks] = await Promise.all([tableSizes(service.id, signal), diskSizes(service.id, signal)]);
            show(tables, disks, false);
        } catch (error) {
            if (error.name === "AbortError") return;
            replace(body, notice(error.status === 403 ? "Sizes are read by SQL, which your key may not run on this service." : error.message,
                error.status === 403 ? "info" : "bad",
                h("div", { class: "row" }, button("Try again", load, { small: true, symbol: "refresh" }))));
        }
        body.removeAttribute("aria-busy");
    }

    function show(tables, disks, all) {
        const sum = (name) => tables.reduce((total, one) => total + Number(one[name] ?? 0), 0);
        const databases = new Set(tables.map((one) => one.database)).size;
        const figure = (label, value) => h("div", { class: "figure" }, h("span", { class: "value" }, value), h("span", { class: "label" }, label));
        table.update(all ? tables : tables.slice(0, most));
        replace(body,
            h("div", { class: "totals" }, figure(databases === 1 ? "Database" : "Databases", count(databases)),
                figure("Tables", count(tables.length) + (tables.length === 500 ? "+" : "")), figure("Rows", count(sum("rows"))),
                figure("On disk", bytes(sum("bytes"))),
                disks.map((disk) => figure(`Free on disk “${disk.name}”, ${percent(Number(disk.total) > 0 ? disk.free / disk.total : null)}`,
                bytes(disk.free)))),
            tables.length ? table : h("p", { class: "muted" }, "There is no table yet. A pipe makes one when it is created."),
            !all && tables.length > most
                ? h("div", { class: "row" }, button(`Show all ${count(tables.length)}`, () => show(tables, disks, true), { small: true })) : null);
    }

    function begin(now) {
        if (!can(permissions.useSQL, now.id)) {
            replace(body, h("p", { class: "muted" }, "Sizes are read by SQL, which your key may not run on this service."));
            body.removeAttribute("aria-busy");
        } else if (now.state !== "running") {
            replace(body, h("p", { class: "muted" }, "Sizes are shown while the service runs."));
            body.removeAttribute("aria-busy");
        } else load();
    }
    begin(service);
    node.renew = begin;
    return node;
}

/** How many times smaller a table is on disk. */
function factor({ raw, bytes: stored }) {
    return Number(raw) && Number(stored) ? `${(raw / stored).toFixed(1)}×` : "–";
}
