import { h } from "../core/dom.js";
import { icon } from "./icon.js";

/** A message within a page: "info", "good", "warn" or "bad". */
export function notice(content, kind = "info", ...more) {
    const role = kind === "bad" ? "alert" : null;
    return h("div", { class: `notice ${kind}`, role }, icon(kind), h("div", { class: "grow stack" }, h("div", {}, content), ...more));
}

/** What a list shows while it has nothing: what it is for and what to do next. */
export function empty(title, text, ...actions) {
    return h("div", { class: "empty" }, h("h2", {}, title), h("p", {}, text), actions.length ? h("div", { class: "row" }, ...actions) : null);
}
