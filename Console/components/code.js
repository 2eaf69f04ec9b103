import { h } from "../core/dom.js";
import { button } from "./button.js";
import { toast } from "./toast.js";
import { codeMirror } from "../core/libraries.js";

export async function copyText(text) {
    let copied = true;
    try {
        await navigator.clipboard.writeText(text);
    } catch {
        // Without https the clipboard has only the old way.
        const area = h("textarea", { value: text, class: "visually-hidden" });
        // Only what is in the uppermost dialog can be selected.
        ([...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body).append(area);
        area.select();
        copied = document.execCommand("copy");
        area.remove();
    }
    // A secret is shown once: nobody must believe to have it who has not.
    if (copied) toast("Copied");
    else toast("Nothing was copied: the browser does not allow it. Mark the text and copy it by hand.", "bad");
}

/** A text to read and copy, coloured once CodeMirror is there. Modes: "text/x-sql", "application/json", "text/x-sh", "text/javascript", null. */
export function codeBlock(text, { mode = null, label = "Code" } = {}) {
    const pre = h("pre", { tabindex: "0", role: "region", "aria-label": label }, text);
    if (mode) codeMirror().then((mirror) => mirror.runMode(text, mode, pre), () => { /* not installed: the text stays plain */ });
    pre.classList.add("cm-s-penstock");
    const copy = button("Copy", () => copyText(text), { symbol: "copy", iconOnly: true, small: true });
    return h("div", { class: "code" }, pre, h("div", { class: "copy" }, copy));
}
