// Table mappings of a database pipe: one card for each.
import { h, replace } from "../core/dom.js";
import { button } from "../components/button.js";
import { descriptorForm, withInitials } from "./form.js";

/** `{ element, missing() }`; `mappings` is a list of values of the descriptors, changed in place. `least`: how many there must be. */
export function mappingEditor(descriptors, mappings, { prefix, least = 1 }) {
    const place = h("div", { class: "stack" });
    let forms = [];

    function build() {
        forms = mappings.map((values, index) => descriptorForm(descriptors, values,
            { prefix: `${prefix}[${index}]`, changed: (path) => follow(values, index, path) }));
        replace(place, mappings.map((values, index) => h("section", { class: "mapping stack", "aria-label": `Table ${index + 1}` },
            h("div", { class: "row apart" }, h("h4", {}, `Table ${index + 1}`),
                button("Remove", () => { mappings.splice(index, 1); build(); add.focus(); },
                    { symbol: "trash", small: true, kind: "quiet", disabled: mappings.length <= least,
                    attributes: { "aria-label": `Remove table ${index + 1}` } })),
            forms[index].element)));
    }

    /** The target is called as the source until somebody names it. */
    function follow(values, index, path) {
        if (path === "targetTable") values.named = true;
        if (!["sourceTable", "sourceCollection"].includes(path) || values.named) return;
        values.targetTable = values[path];
        const input = place.querySelector(`[data-path="${CSS.escape(`${prefix}[${index}].targetTable`)}"] input`);
        if (input) input.value = values.targetTable ?? "";
    }

    const add = button("Add a table", () => {
        mappings.push(withInitials(descriptors, mappings.length ? keep(mappings.at(-1)) : {}));
        build();
        place.lastElementChild.querySelector("input")?.focus();
    }, { symbol: "plus", small: true });

    // The next table mostly stands in the same schema.
    const keep = (values) => Object.fromEntries(["sourceSchemaName", "sourceDatabaseName", "sourceDatasetName",
        "tableEngine"].filter((name) => values[name]).map((name) => [name, values[name]]));

    build();
    return { element: h("div", { class: "stack" }, place, h("div", { class: "row" }, add)), missing: () => forms.flatMap((one) => one.missing()) };
}
