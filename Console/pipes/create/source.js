// Step: which kind of source.
import { h } from "../../core/dom.js";
import { icon } from "../../components/icon.js";
import { toastError } from "../../components/toast.js";
import { kinds } from "../kinds.js";
import { withInitials } from "../form.js";
import { sourceForm } from "../sources/index.js";
import { newDraft } from "./draft.js";

export function sourceStep(wizard) {
    const { draft, runnable } = wizard;
    const isRunnable = (kind) => runnable === null || runnable.includes(kind.id);
    const card = (kind) => h("button", {
        type: "button", class: "kind-card", dataset: { kind: kind.id }, "aria-pressed": String(draft.kind === kind.id),
        onclick: async () => {
            if (draft.kind !== kind.id) {
                try {
                    const form = await sourceForm(kind.id);
                    Object.assign(draft, { kind: kind.id, form, values: withInitials(form.fields), discovered: null, columns: [], settings: {},
                        destination: newDraft().destination, mappings: form.mapping ? [withInitials(form.mapping)] : [] });
                } catch (error) { toastError(error); return; }
                wizard.kindChosen();
            } else wizard.next();
        },
    }, icon(kind.symbol), h("span", { class: "grow" }, h("span", { class: "kind-title" }, kind.title), h("span", { class: "muted small" }, kind.text),
        isRunnable(kind) ? null : h("span", { class: "badge plain" }, "not in this build")));
    const cards = kinds.map(card);
    return {
        element: h("div", { class: "stack" },
            h("p", { class: "muted" },
                "Where do the rows come from? Kinds that are not in this build can be filled in; the server says so when the pipe is tested."),
            h("div", { class: "kinds" }, cards)),
        enter() { cards.forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.kind === draft.kind))); },
    };
}
