// The panel of query variables: one input for each parameter that stands in the SQL, renewed as it is typed.
import { h, replace } from "../core/dom.js";
import { field } from "../components/field.js";
import { variableInput } from "./variable-input.js";
import { problemOf, innerType } from "./types.js";

/**
 * `values` is an object of texts by name, as they would stand in a URL; it is changed in place and `changed()` told.
 *
 * - element. - show(parameters, values): what stands in the SQL now. - collect(parameters): the values to send, or null when one is
 *   certainly wrong (its field says so). - problem(name, text): what the server says about one.
 */
export function variablesPanel(changed) {
    const list = h("div", { class: "stack" });
    const element = h("section", { class: "variables", "aria-label": "Query variables", hidden: true, tabindex: "0" },
        h("h2", {}, "Query variables"), list);
    const fields = new Map();
    let values = {};

    function add({ name, type }) {
        const control = variableInput(name, type, values[name], (value) => {
            if (value === undefined) delete values[name];
            else values[name] = value;
            node.problem(null);
            changed();
        });
        const node = field(h("span", {}, h("span", { class: "break" }, name), " ", h("code", { class: "muted break" }, type)), control.input,
            { hint: control.hint });
        if (control.extra) node.querySelector("label").after(control.extra);
        node.classList.add("variable");
        node.dataset.variable = name;
        fields.set(name, { node, type, control });
        return node;
    }

    function show(parameters, nextValues) {
        const other = nextValues !== values;
        values = nextValues;
        if (other) fields.clear();
        const kept = new Set(parameters.map((one) => one.name));
        for (const name of fields.keys()) if (!kept.has(name)) fields.delete(name);
        const nodes = parameters.map((one) => {
            const known = fields.get(one.name);
            return known && known.type === one.type ? known.node : add(one);
        });
        const same = nodes.length === list.children.length && nodes.every((node, at) => list.children[at] === node);
        if (!same) replace(list, nodes);
        element.hidden = !nodes.length;
    }

    function collect(parameters) {
        const sent = {};
        let wrong = null;
        for (const { name, type } of parameters) {
            const entry = fields.get(name);
            let value = values[name];
            // An untouched text is the empty text; for other types the server says that a value is needed.
            if (value === undefined && /^(String|FixedString)$/.test(innerType(type).name)) value = "";
            if (value === undefined && innerType(type).name === "Bool") value = "false";
            if (value === undefined || value === "" && !/String/.test(type)) continue;
            const problem = problemOf(type, value);
            entry?.node.problem(problem);
            if (problem) wrong ??= entry?.control.input;
            sent[name] = value;
        }
        wrong?.focus();
        return wrong ? null : sent;
    }

    return {
        element, show, collect,
        problem(name, text) {
            const entry = fields.get(name);
            entry?.node.problem(text);
            entry?.control.input.focus();
            return Boolean(entry);
        },
    };
}
