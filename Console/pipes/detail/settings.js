// Tab: what can be changed: name, source, columns or tables, ingestion and size. Each part is saved by itself.
import { h } from "../../core/dom.js";
import { get, patch, put as putBody } from "../../core/api.js";
import { servicePath } from "../../core/session.js";
import { field } from "../../components/field.js";
import { notice } from "../../components/notice.js";
import { lacking, mayManage } from "../actions.js";
import { columnEditor } from "../columns.js";
import { fieldMappings } from "../create/draft.js";
import { descriptorForm } from "../form.js";
import { isDatabase, kindOf, pipeKind } from "../kinds.js";
import { scalingFields, settingsOf } from "../settings.js";
import { sourceForm } from "../sources/index.js";
import { section } from "./section.js";
import { sourceSection } from "./source.js";
import { tablesSection } from "./tables.js";

/** What differs; null resets what became empty. */
function difference(fields, before, after) {
    const body = {};
    for (const { path } of fields) {
        const value = after[path] ?? null;
        if (value !== (before[path] ?? null)) body[path] = value;
    }
    return Object.keys(body).length ? body : null;
}

export async function settings(view, signal) {
    const { pipe, path, service } = view;
    const kind = pipeKind(pipe);
    const may = mayManage(service);
    const form = await sourceForm(kind);
    // The server edits nothing but settings and size of a pipe that has done its work.
    const open = may && pipe.state !== "Completed";
    const parts = [may ? null : notice(`You see these settings and cannot change them: ${lacking.toLowerCase()}.`, "info"),
        may && !open ? notice("This pipe has completed: its name, source and target stay. To load something else, create another pipe.") : null,
        nameSection(view, open)];
    if (kind === "bigquery") parts.push(notice(`A pipe of ${kindOf(kind).title} cannot be changed after it was created. Create another one.`,
        "info"));
    else parts.push(sourceSection(view, form, open));
    if (isDatabase(kind)) {
        if (kind !== "bigquery") parts.push(tablesSection(view, form, open, signal));
        parts.push(await sharedSize(service, may, signal));
    } else {
        parts.push(columnsSection(view, form, open));
        const before = await get(`${path}/settings`, { signal });
        const values = { ...before };
        const fields = settingsOf(kind);
        const ingestion = descriptorForm(fields, values, { prefix: "settings", disabled: !may });
        parts.push(section("Ingestion", "Changes apply to the next batch; an empty field goes back to its default.", ingestion.element, async () => {
            const body = difference(fields, before, values);
            if (!body) return null;
            // This one is reset when it is left out, so it always goes along.
            if ("kafka_read_committed" in before && !("kafka_read_committed" in body)) body.kafka_read_committed = before.kafka_read_committed;
            Object.assign(before, await putBody(`${path}/settings`, body));
        }, { may, under: "settings" }));
        parts.push(sizeSection(view, may));
    }
    return h("div", { class: "stack wide" }, parts);
}

function nameSection(view, may) {
    const input = h("input", { value: view.pipe.name, maxlength: 255, autocomplete: "off", disabled: !may });
    return section("Name", null, field("Name of the pipe", input, { path: "name" }), async () => {
        if (input.value === view.pipe.name) return null;
        view.set(await patch(view.path, { name: input.value }));
    }, { may });
}

function columnsSection(view, form, may) {
    const { pipe } = view;
    const sources = new Map((pipe.fieldMappings ?? []).map((one) => [one.destinationField, one.sourceField]));
    const columns = (pipe.destination?.columns ?? []).map((one) => ({ source: sources.size ? sources.get(one.name) ?? "" : one.name, ...one }));
    const editor = columnEditor(columns, { virtual: form.virtualColumns, disabled: !may });
    return section("Columns", "What the pipe writes. The table itself is not changed by this: change it first, with ALTER TABLE.", editor.element,
        async () => {
        const mappings = fieldMappings(columns);
        view.set(await patch(view.path, { destination: { columns: columns.map(({ name, type }) => ({ name, type })) }, fieldMappings: mappings }));
    }, { may });
}

function sizeSection(view, may) {
    const before = { ...view.pipe.scaling };
    const values = { ...before };
    const form = descriptorForm(scalingFields, values, { prefix: "scaling", disabled: !may });
    return section("Size", "A new size restarts the pipe.", form.element, async () => {
        const body = difference(scalingFields, before, values);
        if (!body) return null;
        await patch(`${view.path}/scaling`, body);
        Object.assign(before, values);
        await view.renew();
    }, { may, under: "scaling" });
}

/** The size that all database pipes of the service have together. */
async function sharedSize(service, may, signal) {
    const path = servicePath(service, "/clickpipesCdcScaling");
    let before;
    try { before = await get(path, { signal }); } catch (error) {
        if (error.name === "AbortError") throw error;
        return h("section", { class: "card stack" }, h("h2", {}, "Size"), notice(error.message, "warn"));
    }
    const values = { replicaCpuMillicores: before.replicaCpuMillicores };
    const fields = [{ path: "replicaCpuMillicores", label: "CPU", type: "number", minimum: 1000, maximum: 32000,
        hint: "Millicores, 1000 to 32000 in thousands; memory is 4 GiB for each core" }];
    const form = descriptorForm(fields, values, { prefix: "scaling", disabled: !may });
    return section("Size", "All database pipes of this service share it. A new size restarts them.", form.element, async () => {
        if (values.replicaCpuMillicores === before.replicaCpuMillicores) return null;
        before = await patch(path, { replicaCpuMillicores: values.replicaCpuMillicores, replicaMemoryGb: values.replicaCpuMillicores / 1000 * 4 });
    }, { may, under: "scaling" });
}
