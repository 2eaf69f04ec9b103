import { h, replace, uniqueID } from "../core/dom.js";

/**
 * A labelled control. `control` is an input, select or textarea. `problem(text)` shows what is wrong with it, null takes that away.
 * `path` is the field's path in bodies of the API, by which `showProblems` finds it.
 */
export function field(label, control, { hint, path, optional = false } = {}) {
    const id = control.id || (control.id = uniqueID("field"));
    const hintID = `${id}-hint`, problemID = `${id}-problem`;
    const problem = h("div", { id: problemID, class: "problem", "aria-live": "polite" });
    const node = h("div", { class: "field", dataset: path ? { path } : {} },
        h("label", { for: id }, label, optional ? h("span", { class: "muted" }, " (optional)") : null),
        control, hint ? h("div", { id: hintID, class: "hint" }, hint) : null, problem);
    control.setAttribute("aria-describedby", hint ? `${hintID} ${problemID}` : problemID);
    node.problem = (text) => {
        replace(problem, text ?? "");
        if (text) control.setAttribute("aria-invalid", "true");
        else control.removeAttribute("aria-invalid");
    };
    control.addEventListener("input", () => node.problem(null));
    return node;
}

/** Several controls under one label, as a field: `problem(text)` and `path` are as in `field`. */
export function group(label, content, { hint, path, optional = false } = {}) {
    const id = uniqueID("group");
    const problem = h("div", { id: `${id}-problem`, class: "problem", "aria-live": "polite" });
    const node = h("fieldset", { class: "field", dataset: path ? { path } : {},
        "aria-describedby": hint ? `${id}-hint ${id}-problem` : `${id}-problem` },
        h("legend", {}, label, optional ? h("span", { class: "muted" }, " (optional)") : null),
        hint ? h("div", { id: `${id}-hint`, class: "hint" }, hint) : null, content, problem);
    node.problem = (text) => replace(problem, text ?? "");
    node.addEventListener("input", () => node.problem(null));
    return node;
}

/** A select. Options: texts, or `{ value, text, disabled }`. */
export function select(options, value, attributes = {}) {
    const node = h("select", attributes, options.map((one) => {
        const option = typeof one === "string" ? { value: one, text: one } : one;
        return h("option", { value: option.value, disabled: option.disabled === true }, option.text);
    }));
    if (value !== undefined && value !== null) node.value = value;
    return node;
}

/** A check box or radio button with its text beside it. */
export function choice(text, attributes = {}, hint = null) {
    const id = uniqueID("choice");
    const input = h("input", { type: "checkbox", id, ...attributes });
    const node = h("div", { class: "choice" }, input,
        h("div", {}, h("label", { for: id }, text), hint ? h("div", { class: "muted small" }, hint) : null));
    node.input = input;
    return node;
}

/** Puts the problems of an ApiError beside the fields of `form` that they name; gives the texts that found no field. */
export function showProblems(form, error) {
    const fields = [...form.querySelectorAll(".field[data-path]")];
    for (const one of fields) one.problem?.(null);
    const rest = [];
    let first = null;
    for (const problem of error.problems ?? []) {
        const found = fields.find((one) => problem.field === one.dataset.path)
            ?? fields.find((one) => problem.field.startsWith(one.dataset.path + ".") || problem.field.startsWith(one.dataset.path + "["));
        if (!found) { rest.push(`${problem.field} ${problem.message}`); continue; }
        found.problem(problem.message);
        first ??= found;
    }
    if (!(error.problems ?? []).length) rest.push(error.message);
    first?.querySelector("input, select, textarea")?.focus();
    return rest;
}
