// An ordered choice of names: what is chosen stands as chips, the rest in a select.
import { h, replace, uniqueID } from "../core/dom.js";
import { icon } from "../components/icon.js";
import { field, select } from "../components/field.js";

/** A field whose `update()` offers `options()` anew. `chosen` is changed in place. */
export function chipField(label, chosen, options, { path, hint, changed = () => {}, optional = true } = {}) {
    const place = h("ul", { class: "chips", "aria-label": `${label}, chosen`, id: uniqueID("chips") });
    const input = select([], "", {});
    input.addEventListener("change", () => {
        if (!input.value) return;
        chosen.push(input.value);
        changed(input.value);
        node.update();
        input.focus();
    });
    const node = field(label, input, { path, hint, optional });
    input.before(place);
    node.update = () => {
        const left = options().filter((one) => one && !chosen.includes(one));
        replace(input, h("option", { value: "" }, left.length ? "Add a column…" : "No more columns"),
            left.map((one) => h("option", { value: one }, one)));
        place.hidden = chosen.length === 0;
        replace(place, chosen.map((one, index) => h("li", {}, h("button", {
            type: "button", class: "chip mono", "aria-label": `Take ${one} out of ${label}`, title: "Take out",
            onclick: () => { chosen.splice(index, 1); changed(null); node.update(); input.focus(); },
        }, one, icon("close")))));
    };
    node.update();
    return node;
}
