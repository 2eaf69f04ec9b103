// Step: the pipe's name and how its source is reached.
import { h } from "../../core/dom.js";
import { field } from "../../components/field.js";
import { notice } from "../../components/notice.js";
import { descriptorForm } from "../form.js";
import { isDatabase, kindOf } from "../kinds.js";

export function connectionStep(wizard) {
    const { draft, runnable } = wizard;
    const name = h("input", { value: draft.name, maxlength: 255, autocomplete: "off", oninput: () => { draft.name = name.value; } });
    // A sample belongs to the connection that gave it.
    const form = descriptorForm(draft.form.fields.filter((one) => !one.part), draft.values,
        { prefix: `source.${draft.kind}`, changed: () => { draft.stale = true; } });
    const missing = runnable !== null && !runnable.includes(draft.kind);
    return {
        element: h("div", { class: "stack wide" },
            missing ? notice([`This build has no connector for ${kindOf(draft.kind).title}: `,
                "the form can be filled in, and the server refuses the pipe by name."], "warn") : null,
            isDatabase(draft.kind) ? h("p", { class: "muted" }, "The server is reached when the pipe is created; its settings, rights and tables ",
                "are checked then, and nothing is stored if one is missing.") : null,
            field("Name of the pipe", name, { path: "name" }), form.element),
        missing: () => [...(draft.name.trim() ? [] : [{ field: "name", message: "is required" }]), ...form.missing()],
    };
}
