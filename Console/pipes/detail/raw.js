// Tab: the document as the API gives it, and the call that fetches it.
import { h, replace } from "../../core/dom.js";
import { codeBlock } from "../../components/code.js";
import { curlLine } from "../curl.js";

export function raw(view, signal) {
    const place = h("div");
    let shown = null;
    const show = (pipe) => {
        const text = JSON.stringify(pipe, null, 2);
        if (text === shown) return;
        shown = text;
        replace(place, codeBlock(text, { mode: "application/json", label: "The pipe as JSON" }));
    };
    show(view.pipe);
    view.watch(show, signal);
    return h("div", { class: "stack" }, h("h2", {}, "Document"), place, h("h2", {}, "As a curl line"),
        codeBlock(curlLine("GET", view.path), { mode: "text/x-sh", label: "curl line" }),
        h("p", { class: "muted small" }, "Secrets are never part of an answer."));
}
