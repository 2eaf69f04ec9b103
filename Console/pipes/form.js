// Forms made of descriptors (sources/index.js says what one is), and the bodies that they stand for.
import { h, replace, uniqueID } from "../core/dom.js";
import { choice, field, select } from "../components/field.js";
import { textFile } from "./file.js";

const shown = (descriptor, values) => descriptor.when?.(values) ?? true;
const isEmpty = (value) => value === undefined || value === null || value === "" || (Array.isArray(value) && !value.length);

/** Puts the initial values of the descriptors where there are none yet. */
export function withInitials(descriptors, values = {}) {
    for (const one of descriptors) if (one.initial !== undefined && values[one.path] === undefined) values[one.path] = one.initial;
    return values;
}

/**
 * `{ element, refresh(), missing() }`. `values` ({ path: value }) is kept up to date while people type.
 *
 * - prefix: of the fields' paths in bodies. - changed(path): told of each change. - editing: secrets may stay empty, they are unchanged then.
 */
export function descriptorForm(descriptors, values, { prefix, changed = () => {}, editing = false, disabled = false } = {}) {
    withInitials(descriptors, values);
    const entries = descriptors.map((descriptor) => ({ descriptor, ...control(descriptor, values,
        { prefix, editing, disabled, told: () => { refresh(); changed(descriptor.path); } }) }));
    for (const { descriptor, node } of entries) if (descriptor.full) node.classList.add("full");
    const plain = h("div", { class: "pipe-form" }, entries.filter((one) => !one.descriptor.advanced).map((one) => one.node));
    const folded = entries.filter((one) => one.descriptor.advanced);
    const more = folded.length ? h("details", { class: "more" }, h("summary", {}, "More options"),
        h("div", { class: "pipe-form" }, folded.map((one) => one.node))) : null;

    function refresh() {
        for (const { descriptor, node, renew } of entries) {
            node.hidden = !shown(descriptor, values);
            renew?.();
        }
        if (more) more.hidden = folded.every((one) => one.node.hidden);
    }
    refresh();
    return {
        element: h("div", { class: "stack wide" }, plain, more), refresh,
        /** Problems of fields that are required, shown and empty. */
        missing: () => descriptors.filter((one) => one.required && shown(one, values) && isEmpty(values[one.path])
            && !(editing && (one.secret || one.credential)))
            .map((one) => ({ field: `${prefix}.${one.path}`, message: "is required" })),
    };
}

function control(descriptor, values, { prefix, editing, disabled, told }) {
    const { path, label, type = "text", hint, required } = descriptor;
    const full = `${prefix}.${path}`;
    const set = (value) => { values[path] = value; told(); };
    if (type === "check") {
        const node = choice(label, { checked: values[path] === true, disabled, onchange: (event) => set(event.target.checked) }, hint);
        const problem = h("div", { class: "problem", "aria-live": "polite", id: uniqueID("problem") });
        const wrapper = h("div", { class: "field", dataset: { path: full } }, node, problem);
        node.input.setAttribute("aria-describedby", problem.id);
        wrapper.problem = (text) => replace(problem, text ?? "");
        return { node: wrapper };
    }
    const shape = { path: full, hint: editing && (descriptor.secret || descriptor.credential)
        ? [hint, hint ? ". " : "", "Stays as it is when empty"] : hint, optional: !required && type !== "select" };
    if (type === "select") {
        const options = () => (typeof descriptor.options === "function" ? descriptor.options(values) : descriptor.options);
        const input = select(options(), values[path] ?? "", { disabled, onchange: () => set(input.value) });
        const renew = () => {
            if (typeof descriptor.options !== "function") return;
            const next = options();
            if (next.length === input.options.length && next.every((one, index) => (one.value ?? one) === input.options[index].value)) return;
            replace(input, [...select(next).children]);
            // What another choice made impossible falls back to the first that is left.
            if (!next.some((one) => (one.value ?? one) === values[path])) values[path] = next[0].value ?? next[0];
            input.value = values[path];
        };
        return { node: field(label, input, shape), renew };
    }
    if (type === "pem" || type === "base64") {
        const { element, input } = textFile(label, values[path], { secret: descriptor.secret, disabled, binary: type === "base64", changed: set });
        const node = field(label, input, shape);
        node.querySelector("textarea").after(element);
        return { node };
    }
    const input = h("input", {
        type: descriptor.secret ? "password" : type === "number" ? "number" : ["datetime", "seconds", "rfc3339"].includes(type) ? "datetime-local"
            : "text",
        autocomplete: descriptor.secret ? "new-password" : "off", spellcheck: "false", placeholder: descriptor.placeholder, min: descriptor.minimum,
            max: descriptor.maximum, disabled,
        value: text(values[path], type), oninput: () => set(read(input.value, type)),
    });
    return { node: field(label, input, shape) };
}

/** The value of a control for what a body holds, and back. Times are UTC. */
function text(value, type) {
    if (isEmpty(value)) return "";
    if (type === "list") return value.join(", ");
    if (type === "seconds") return new Date(value * 1000).toISOString().slice(0, 16);
    if (type === "rfc3339") return String(value).slice(0, 16);
    return String(value);
}

function read(value, type) {
    if (value === "") return undefined;
    switch (type) {
    case "number": return Number(value);
    case "list": return value.split(",").map((one) => one.trim()).filter(Boolean);
    case "datetime": return value.slice(0, 16);
    case "seconds": return Math.floor(Date.parse(`${value}Z`) / 1000);
    case "rfc3339": return `${value.slice(0, 16)}:00Z`;
    default: return value;
    }
}

/** Puts `value` at `a.b.c` of an object. */
export function put(object, path, value) {
    const names = path.split(".");
    let place = object;
    for (const name of names.slice(0, -1)) place = place[name] ??= {};
    place[names.at(-1)] = value;
    return object;
}

/** The value at `a.b.c`. */
export const at = (object, path) => path.split(".").reduce((place, name) => place?.[name], object);

/** The object that the shown fields stand for; empty ones and unticked boxes are left out, so that the server's defaults hold. */
export function bodyOf(descriptors, values) {
    const body = {};
    for (const one of descriptors) {
        const value = values[one.path];
        if (one.virtual || !shown(one, values) || isEmpty(value) || (value === false && !one.always)) continue;
        put(body, one.path, value);
    }
    return body;
}

/** The values of a form for an object that the API gave. */
export function valuesOf(descriptors, object) {
    const values = {};
    for (const one of descriptors) {
        const value = at(object, one.path);
        if (value !== undefined && value !== null) values[one.path] = value;
    }
    return values;
}

const hidden = "••••••••";

/** A copy in which secrets are dots. */
export function masked(descriptors, body) {
    const copy = structuredClone(body);
    for (const one of descriptors) if (one.secret && !isEmpty(at(copy, one.path))) put(copy, one.path, hidden);
    if (typeof copy.uri === "string") copy.uri = copy.uri.replace(/^(mongodb(?:\+srv)?:\/\/[^:/@]*:)[^@]*@/, `$1${hidden}@`);
    return copy;
}
