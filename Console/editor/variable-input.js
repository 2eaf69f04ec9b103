// An input that fits the type of a parameter.
import { h } from "../core/dom.js";
import { count } from "../core/format.js";
import { choice, select } from "../components/field.js";
import { enumNames, innerType, integerRange } from "./types.js";

/**
 * `{ input, hint, extra }`. Values are texts as a URL has them; `changed(text)` is told of each, undefined for none.
 * `extra` stands above the input: the switch for NULL.
 */
export function variableInput(name, typeText, value, changed) {
    const type = innerType(typeText);
    const isNull = type.nullable && value === "\\N";
    const made = control(type, isNull ? undefined : value, (text) => changed(text === "" && !/String/.test(type.name) ? undefined : text));
    made.input.dataset.test = `variable-${name}`;
    if (!type.nullable) return made;
    const switched = choice("NULL", {
        checked: isNull, "aria-label": `${name} is NULL`,
        onchange: () => {
            made.input.disabled = switched.input.checked;
            changed(switched.input.checked ? "\\N" : made.read());
        },
    });
    switched.classList.add("small");
    made.input.disabled = isNull;
    return { ...made, extra: switched };
}

function control(type, value, changed) {
    const range = integerRange(type.name);
    if (range) return whole(type.name, range, value, changed);
    if (/^(Float|BFloat)/.test(type.name)) return typed("number", { step: "any" }, value, changed);
    if (/^Decimal/.test(type.name)) return typed("text", { inputmode: "decimal", pattern: "[+\\-]?\\d*\\.?\\d*" }, value, changed,
        "A decimal number; every digit is kept.");
    if (type.name === "Bool") {
        const input = h("input", { type: "checkbox", checked: /^(1|true)$/i.test(value ?? ""), onchange: () => changed(String(input.checked)) });
        return { input, read: () => String(input.checked) };
    }
    if (type.name === "Date" || type.name === "Date32") {
        const limits = type.name === "Date" ? { min: "1970-01-01", max: "2149-06-06" } : { min: "1900-01-01", max: "2299-12-31" };
        return typed("date", limits, value, changed);
    }
    if (/^DateTime/.test(type.name)) return moment(type, value, changed);
    if (/^Enum/.test(type.name)) {
        const names = enumNames(type.parts);
        const input = select([{ value: "", text: "Choose…" }, ...names], names.includes(value) ? value : "",
            { onchange: () => changed(input.value) });
        return { input, read: () => input.value || undefined };
    }
    if (/^(Array|Map|Tuple|Nested|JSON|Object|Point|Ring|Polygon|MultiPolygon|Variant|Dynamic)$/.test(type.name)) {
        const example = { Map: '{"key": 1}', JSON: '{"key": 1}', Tuple: '[1, "a"]',
            Point: "[1, 2]" }[type.name] ?? (/String/.test(type.parts[0] ?? "") ? '["a", "b"]' : "[1, 2]");
        const input = h("textarea",
            { value: value ?? "", rows: "2", spellcheck: "false", class: "mono", placeholder: example, oninput: () => changed(input.value) });
        return { input, read: () => input.value || undefined, hint: "As JSON." };
    }
    if (type.name === "String") {
        const input = h("textarea", { value: value ?? "", rows: "1", spellcheck: "false", oninput: () => changed(input.value) });
        return { input, read: () => input.value };
    }
    const hint = { Identifier: "The name of a table, column or database.", UUID: "Like 6f9619ff-8b86-d011-b42d-00cf4fc964ff." }[type.name];
    return typed("text", { spellcheck: "false", autocomplete: "off" }, value, changed, hint);
}

function typed(kind, attributes, value, changed, hint) {
    const input = h("input", { type: kind, autocomplete: "off", ...attributes, value: value ?? "", oninput: () => changed(input.value) });
    return { input, hint, read: () => input.value || undefined };
}

/** Whole numbers: those that a double holds as a number input, wider ones as text, so that no digit is rounded. */
function whole(name, [least, greatest], value, changed) {
    const hint = name.match(/\d+/)[0] <= 64 ? `${count(String(least))} to ${count(String(greatest))}`
        : `A whole number of ${name.match(/\d+/)[0]} bits.`;
    if (Number(name.match(/\d+/)[0]) <= 32) return typed("number", { min: String(least), max: String(greatest), step: "1" }, value, changed, hint);
    return typed("text", { inputmode: "numeric", pattern: least < 0n ? "[+\\-]?\\d+" : "\\+?\\d+" }, value, changed, hint);
}

/** A date with time; ClickHouse reads "2020-01-31T10:00:00" in the zone of the type or of the server. */
function moment(type, value, changed) {
    const precise = type.name === "DateTime64";
    const zone = type.parts.find((part) => part.startsWith("'"))?.slice(1, -1);
    const input = h("input", {
        type: "datetime-local", step: precise ? "0.001" : "1", value: (value ?? "").replace(" ", "T"),
        oninput: () => changed(read() ?? ""),
    });
    // A browser leaves out seconds that are 0.
    const read = () => input.value ? (input.value.length === 16 ? `${input.value}:00` : input.value) : undefined;
    return { input, read, hint: zone ? `In the zone ${zone}.` : "In the zone of the server." };
}
