// A part of the settings that is saved by itself.
import { h, replace } from "../../core/dom.js";
import { button } from "../../components/button.js";
import { notice } from "../../components/notice.js";
import { toast } from "../../components/toast.js";
import { lacking } from "../actions.js";
import { placeProblems, problemsOf } from "../problems.js";

/** A part with its own button. `save()` may answer a text for what was done; null: there was nothing to do. */
export function section(title, text, content, save, { may = true, reason = null, under = null, action = "Save" } = {}) {
    const outcome = h("div", { class: "messages", "aria-live": "polite" });
    const form = h("form", { autocomplete: "off", onsubmit: (event) => event.preventDefault() }, content);
    const node = h("section", { class: "card stack" }, h("h2", {}, title), text ? h("p", { class: "muted" }, text) : null, form, outcome,
        h("div", { class: "row" }, button(action, async () => {
            try {
                const done = await save();
                placeProblems(node, []);
                replace(outcome, done === null ? notice("Nothing was changed.", "info") : null);
                if (done !== null) toast(done ?? "Saved");
            } catch (error) {
                const { problems, rest } = problemsOf(error, under);
                const lost = [...placeProblems(node, problems), ...rest];
                replace(outcome, lost.length ? notice(lost.join("; "), "bad") : null);
            }
        }, { kind: "primary", disabled: !may, title: may ? null : reason ?? lacking, attributes: { "aria-label": `${action}: ${title}` } })));
    return node;
}
