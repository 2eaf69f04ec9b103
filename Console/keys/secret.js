// A new key's id and secret: on screen once, in no storage.
import { h } from "../core/dom.js";
import { button } from "../components/button.js";
import { copyText } from "../components/code.js";
import { notice } from "../components/notice.js";

/** Shows `{ keyId, keySecret }` with copy buttons and says that it is for the only time. */
export function secretOnce({ keyId, keySecret, key }) {
    const line = (label, text, test) => h("div", { class: "field" }, h("span", { class: "label" }, label),
        h("div", { class: "row tight secret-line" }, h("code", { class: "break grow", dataset: { test } }, text),
            button(`Copy ${label.toLowerCase()}`, () => copyText(text), { symbol: "copy", small: true, iconOnly: true })));
    return h("section", { class: "card stack secret", "aria-label": "The new key" },
        notice(`Copy the secret of “${key.name}” now. It is shown this once; Penstock keeps only a hash of it.`, "warn"),
        line("Key id", keyId, "key-id"), line("Key secret", keySecret, "key-secret"),
        h("div", { class: "row" }, button("Copy both as id:secret", () => copyText(`${keyId}:${keySecret}`), { symbol: "copy", small: true })));
}
