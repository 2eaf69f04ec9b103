// A text that may come from a file: certificates, keys, schemas.
import { h } from "../core/dom.js";
import { button } from "../components/button.js";
import { toast } from "../components/toast.js";

const limit = 512 * 1024;

function base64(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 4096) text += String.fromCharCode(...bytes.subarray(at, at + 4096));
    return btoa(text);
}

function unbase64(text) {
    try {
        return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(atob(text), (one) => one.charCodeAt(0)));
    } catch { return null; }
}

/**
 * `{ input, element }`: a text area, and what stands below it. `changed(value)` gets the text, or with `binary` its base64.
 * A secret is drawn as dots.
 */
export function textFile(label, value, { secret = false, binary = false, disabled = false, changed }) {
    const initial = value ? (binary ? unbase64(value) : value) : "";
    const input = h("textarea", { class: `mono${secret ? " masked" : ""}`, rows: 3, spellcheck: "false", autocomplete: "off", disabled,
        value: initial ?? "" });
    const told = h("span", { class: "muted small", "aria-live": "polite" }, initial === null ? "A binary file is chosen" : "");
    const file = h("input", { type: "file", hidden: true, tabindex: "-1", "aria-label": `File for ${label}` });
    const send = () => {
        told.textContent = "";
        changed(input.value === "" ? undefined : binary ? base64(new TextEncoder().encode(input.value)) : input.value);
    };
    input.addEventListener("input", send);
    file.addEventListener("change", async () => {
        const chosen = file.files[0];
        if (!chosen) return;
        if (chosen.size > limit) { toast(`${chosen.name} is larger than 512 kB`, "bad"); return; }
        const bytes = new Uint8Array(await chosen.arrayBuffer());
        let text = null;
        try { text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); } catch { /* binary */ }
        if (text === null && !binary) { toast(`${chosen.name} is no text`, "bad"); return; }
        input.value = text ?? "";
        changed(binary ? base64(bytes) : text);
        told.textContent = chosen.name;
        file.value = "";
    });
    return { input, element: h("div", { class: "row tight" }, button("Read a file…", () => file.click(),
        { small: true, disabled, attributes: { "aria-label": `Read a file for ${label}` } }), told, file) };
}
