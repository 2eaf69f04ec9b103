// When a key stops working: a span from now, or a day of choice.
import { h } from "../core/dom.js";
import { field, select } from "../components/field.js";

const spans = [["never", "Never"], ["7", "In 7 days"], ["30", "In 30 days"], ["90", "In 90 days"], ["365", "In a year"],
    ["date", "At a time of choice"]];

/** A field with `value()`: an RFC 3339 time, or null for never. It throws an error as `showProblems` takes it when the time is not chosen. */
export function expiryField({ expireAt = null, initial = "90" } = {}) {
    const span = select(spans.map(([value, text]) => ({ value, text })), expireAt ? "date" : initial);
    const exact = h("input", { type: "datetime-local", value: expireAt ? localText(new Date(expireAt)) : "" });
    const before = exact.value;
    const exactField = field("Expires at (your time zone)", exact, { path: "expiryTime" });
    const show = () => { exactField.hidden = span.value !== "date"; };
    span.addEventListener("change", show);
    show();
    const node = h("div", { class: "stack" }, field("Expires", span, { path: "expireAt" }), exactField);
    node.value = () => {
        if (span.value === "never") return null;
        if (span.value !== "date") return new Date(Date.now() + Number(span.value) * 86_400_000).toISOString();
        // An empty field must not make a key that is good for ever.
        if (!exact.value) {
            const message = "Choose a day and a time, or Never above.";
            throw Object.assign(new Error(message), { problems: [{ field: "expiryTime", message }] });
        }
        // The field has no seconds: a time that was not touched stays as it is.
        return exact.value === before ? expireAt : new Date(exact.value).toISOString();
    };
    return node;
}

function localText(date) {
    return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
