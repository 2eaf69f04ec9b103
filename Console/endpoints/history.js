// The versions of an endpoint's query: who, when, what changed, and back again.
import { h, replace } from "../core/dom.js";
import { get, post } from "../core/api.js";
import { button } from "../components/button.js";
import { confirmed } from "../components/dialog.js";
import { field, select } from "../components/field.js";
import { dataTable } from "../components/table.js";
import { timeText } from "../components/time.js";
import { toast } from "../components/toast.js";
import { endpointPath, readEndpoint } from "./data.js";
import { diffView } from "./diff.js";

/** What of a version is no SQL, as lines. */
function settingsText(version) {
    const lines = [`database: ${version.database}`, `format: ${version.format ?? "JSON"}`,
        `cache: ${version.cacheSeconds ? `${version.cacheSeconds} s` : "off"}`];
    for (const name of Object.keys(version.parameters ?? {}).sort()) lines.push(`default of ${name}: ${version.parameters[name]}`);
    return lines.join("\n");
}

export async function historyPanel(endpoint, service, signal, { allowed, why, onPublished }) {
    const versions = await get(endpointPath(service, `/${endpoint.id}/versions`), { signal });
    const current = versions.find((one) => one.published) ?? versions[0];
    const numbers = versions.map((one) => ({ value: String(one.number), text: `Version ${one.number}${one.published ? ", runs now" : ""}` }));
    const before = select(numbers, String(versions[Math.min(1, versions.length - 1)].number), { onchange: compare });
    const after = select(numbers, String(versions[0].number), { onchange: compare });
    const difference = h("div", { class: "stack" });
    const by = (number) => versions.find((one) => String(one.number) === number);

    function compare() {
        const [first, second] = [by(before.value), by(after.value)];
        const words = { before: `version ${first.number}`, after: `version ${second.number}` };
        replace(difference, h("h3", {}, "SQL"), diffView(first.sql, second.sql, words), h("h3", {}, "Database, format, cache, defaults"),
            diffView(settingsText(first), settingsText(second), words));
    }

    function compareWithCurrent(version) {
        before.value = String(version.number);
        after.value = String(current.number);
        compare();
        difference.scrollIntoView({ block: "nearest" });
    }

    async function publish(version) {
        const back = version.number < current.number;
        const done = await confirmed(back ? `Go back to version ${version.number}?` : `Publish version ${version.number}?`, {
            text: `From then on the endpoint runs version ${version.number} instead of version ${current.number}. It is tried on the `
                + `service first. Keys, roles, origins and limits stay as they are.`,
            action: back ? "Roll back" : "Publish", danger: false,
            work: () => post(endpointPath(service, `/${endpoint.id}/versions/${version.number}/publish`)),
        });
        if (!done) return;
        toast(`Version ${version.number} runs now`);
        onPublished(await readEndpoint(service, endpoint.id));
    }

    const table = dataTable("Versions", [
        { title: "Version", cell: (one) => h("span", { class: "row tight" }, `Version ${one.number}`,
            one.published ? h("span", { class: "badge good" }, "Runs now") : null) },
        { title: "Made", cell: (one) => timeText(one.createdAt) },
        { title: "By", cell: (one) => h("span", { class: "break" }, one.authorName ?? "a deleted key") },
        { title: "SQL", cell: (one) => h("code", { class: "small clip sql-start" }, one.sql.trim().split("\n")[0].slice(0, 80)) },
        { title: "", cell: (one) => h("div", { class: "row tight nowrap" },
            one.published ? null : button("Compare", () => compareWithCurrent(one), {
                small: true, attributes: { "aria-label": `Compare version ${one.number} with what runs` },
            }),
            one.published ? null : button(one.number < current.number ? "Roll back" : "Publish", () => publish(one), {
                small: true, disabled: !allowed, title: why,
                attributes: { "aria-label": `${one.number < current.number ? "Roll back to" : "Publish"} version ${one.number}` },
            })) },
    ], { key: (one) => one.number }).update(versions);
    compare();
    return h("div", { class: "stack wide" }, h("h2", { class: "visually-hidden" }, "History"), table,
        versions.length < 2 ? h("p", { class: "muted" },
            "The query was not changed since it was published. Each change of SQL, database, defaults, format or cache makes a version.")
            : h("section", { class: "stack", "aria-label": "Compare" }, h("div", { class: "grid" }, field("Compare", before), field("with", after)),
                difference));
}
