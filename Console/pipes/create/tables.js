// Step, for databases: which tables, into which targets.
import { h } from "../../core/dom.js";
import { field } from "../../components/field.js";
import { descriptorForm } from "../form.js";
import { mappingEditor } from "../mappings.js";
import { databaseField } from "./place.js";

export function tablesStep(wizard) {
    const { draft } = wizard;
    const form = descriptorForm(draft.form.fields.filter((one) => one.part === "tables"), draft.values, { prefix: `source.${draft.kind}` });
    const editor = mappingEditor(draft.form.mapping, draft.mappings, { prefix: `source.${draft.kind}.tableMappings` });
    return {
        element: h("div", { class: "stack wide" }, databaseField(wizard, field), form.element, h("h3", {}, "Tables"), editor.element),
        missing: () => [...form.missing(), ...editor.missing()],
        enter: () => form.refresh(),
    };
}
