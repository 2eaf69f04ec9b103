// Part of the settings: what of the source can be changed; credentials are written anew, never shown.
import { h } from "../../core/dom.js";
import { patch } from "../../core/api.js";
import { descriptorForm, put, valuesOf, withInitials } from "../form.js";
import { kindOf, pipeKind } from "../kinds.js";
import { section } from "./section.js";

const isEmpty = (value) => value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);

export function sourceSection(view, form, may) {
    const kind = pipeKind(view.pipe);
    const source = view.pipe.source[kind];
    const fields = form.fields.filter((one) => one.change);
    // All values, since what is shown also depends on fields that cannot be changed.
    const values = valuesOf(form.fields, source);
    if (source.schemaRegistry) values.useRegistry = true;
    const absent = form.fields.filter((one) => one.initial !== undefined && values[one.path] === undefined && one.type === "select");
    for (const one of absent) values[one.path] = one.path === "authentication" ? "" : one.initial;
    const before = { ...withInitials(fields, values) };
    const editor = descriptorForm(fields, values, { prefix: `source.${kind}`, editing: true, disabled: !may });

    async function save() {
        const body = {};
        const shown = fields.filter((one) => one.when?.(values) ?? true);
        for (const one of shown.filter((each) => !each.credential)) {
            const value = values[one.path];
            if (JSON.stringify(value ?? null) === JSON.stringify(before[one.path] ?? null)) continue;
            put(body, one.path, isEmpty(value) ? null : value);
        }
        // Credentials are replaced as a whole: what is typed goes along with the rest of its group.
        for (const one of shown.filter((each) => each.credential && !isEmpty(values[each.path]))) put(body, one.path, values[one.path]);
        if (!Object.keys(body).length) return null;
        view.set(await patch(view.path, { source: { [kind]: body } }));
        Object.assign(before, values);
        // They are there now, and do not go along with the next change once more.
        for (const one of fields.filter((each) => each.credential)) {
            delete values[one.path];
            const input = editor.element.querySelector(`[data-path="${CSS.escape(`source.${kind}.${one.path}`)}"] :is(input, textarea)`);
            if (input) input.value = "";
        }
        return "Saved; the pipe uses the new source";
    }
    return section("Source", `How ${kindOf(kind).title} is reached. Credentials stay as they are unless you write them anew, all fields of them.`,
        editor.element, save, { may });
}
