import { h } from "../core/dom.js";
import { ago, time, utc } from "../core/format.js";

/** An instant in the reader's zone, with UTC on hover. `relative`: how long ago. */
export function timeText(value, { relative = false } = {}) {
    if (!value) return h("span", { class: "muted" }, "–");
    return h("time", { datetime: utc(value), title: relative ? `${time(value)}\n${utc(value)}` : utc(value) }, relative ? ago(value) : time(value));
}
