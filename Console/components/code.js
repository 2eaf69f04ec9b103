import { h } from "../core/dom.js";
import { button } from "./button.js";
import { toast } from "./toast.js";
import { codeMirror } from "../core/libraries.js";

export async function copyText(text) {
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        // Without https the clipboard has only the old way.
        const area = h("textarea", { value: text, class: "visually-hidden" });
        (document.querySelector("dialog[open]") ?? document.body).append(area);
        area.select();
        document.execCommand("copy");
        area.remove();
    }
    toast("Copied");
}

/** A text to read and copy, coloured once CodeMirror is there. Modes: "text/x-sql", "application/json", "text/x-sh", "text/javascript", null. */
export function codeBlock(text, { mode = null, label = "Code" } = {}) {
    const pre = h("pre", { tabindex: "0", role: "region", "aria-label": label }, text);
    if (mode) codeMirror().then((mirror) => mirror.runMode(text, mode, pre), () => { /* not installed: the text stays plain */ });
    pre.classList.add("cm-s-penstock");
    const copy = button("Copy", () => copyText(text), { symbol: "copy", iconOnly: true, small: true });
    return h("div", { class: "code" }, pre, h("div", { class: "copy" }, copy));
}
