// Step: how the pipe works, how large it is, and whether it starts at once.
import { h, replace } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { servicePath } from "../../core/session.js";
import { choice } from "../../components/field.js";
import { descriptorForm } from "../form.js";
import { isDatabase } from "../kinds.js";
import { scalingFields, settingsOf } from "../settings.js";

export function settingsStep(wizard) {
    const { draft, service, signal } = wizard;
    const own = draft.form.fields.filter((one) => one.part === "settings");
    const parts = [];
    if (own.length) parts.push(["", descriptorForm(own, draft.values, { prefix: `source.${draft.kind}` })]);
    if (!isDatabase(draft.kind)) {
        parts.push(["Ingestion", descriptorForm(settingsOf(draft.kind), draft.settings, { prefix: "settings" })],
            ["Size", descriptorForm(scalingFields, draft.scaling, { prefix: "scaling" })]);
    }
    const shared = h("p", { class: "muted" });
    if (isDatabase(draft.kind)) {
        shared.textContent = "All database pipes of a service share one size.";
        get(servicePath(service, "/clickpipesCdcScaling"), { signal }).then((size) => {
            replace(shared, `All database pipes of this service share ${size.replicaCpuMillicores / 1000} cores and ${size.replicaMemoryGb} GiB. `,
                "The size is changed under Settings of any of them.");
        }, () => { /* none yet */ });
    }
    const paused = choice("Create it without starting it", { checked: draft.startPaused,
        onchange: () => { draft.startPaused = paused.input.checked; } }, "It is stored and can be started later");
    return {
        element: h("div", { class: "stack wide" }, h("p", { class: "muted" }, "What is left empty has its default, shown in grey."),
            parts.map(([title, form]) => h("section", { class: "stack" }, title ? h("h3", {}, title) : null, form.element)),
            isDatabase(draft.kind) ? shared : null, h("div", { class: "field", dataset: { path: "startPaused" } }, paused)),
        missing: () => parts.flatMap(([, form]) => form.missing()),
        enter: () => parts.forEach(([, form]) => form.refresh()),
    };
}
