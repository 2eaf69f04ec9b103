import { h, uniqueID } from "../core/dom.js";
import { button } from "./button.js";
import { notice } from "./notice.js";

/**
 * Opens a dialog and answers what it was closed with; undefined for Escape and the cross.
 *
 * `build(close)` gives `{ body, foot }`: elements. - flyout: at the right edge, over the whole height. - wide: for code and tables.
 */
export function openDialog(title, build, { flyout = false, wide = false } = {}) {
    return new Promise((resolve) => {
        const id = uniqueID("dialog");
        let outcome, closed = false;
        const node = h("dialog", { class: flyout ? "flyout" : wide ? "wide" : "", "aria-labelledby": id });
        const close = (value) => { outcome = value; closed = true; node.close(); };
        const busy = () => node.querySelector(".button[aria-busy=true]") !== null;
        const { body, foot } = build(close, node);
        node.append(
            h("div", { class: "dialog-head" }, h("h2", { id, class: "break" }, title),
                button("Close", () => close(), { symbol: "close", iconOnly: true, kind: "quiet" })),
            h("div", { class: "dialog-body" }, body), foot ? h("div", { class: "dialog-foot" }, foot) : "");
        // What a running action brings is shown here, perhaps a secret that is never shown again: Escape waits for it.
        node.addEventListener("cancel", (event) => { if (busy()) event.preventDefault(); });
        node.addEventListener("close", () => {
            // Chrome lets a second Escape through whatever is said to it.
            if (!closed && busy()) { node.showModal(); return; }
            node.remove();
            resolve(outcome);
        });
        node.addEventListener("mousedown", (event) => { if (event.target === node && flyout) close(); });
        document.body.append(node);
        node.showModal();
        window.addEventListener("hashchange", () => close(), { once: true });
    });
}

/**
 * Asks before something that cannot be undone. With `typed`, that text has to be typed first.
 * `work()` runs with the dialog open, so that a failure is shown in it. Answers whether it was done.
 */
export async function confirmed(title, { text, action = "Delete", typed = null, danger = true, work }) {
    return await openDialog(title, (close) => {
        const problem = h("div", { "aria-live": "polite" });
        const id = uniqueID("typed");
        const input = typed === null ? null : h("input", { id, autocomplete: "off", oninput: () => { go.disabled = input.value !== typed; } });
        const go = button(action, async () => {
            try {
                await work?.();
                close(true);
            } catch (error) {
                problem.replaceChildren(notice(error.message, "bad"));
            }
        }, { kind: danger ? "danger" : "primary", disabled: typed !== null });
        return {
            body: [
                h("p", { class: "break" }, text),
                input && h("div", { class: "field" }, h("label", { for: id }, "Type ", h("strong", { class: "break" }, typed), " to go on"), input),
                problem,
            ],
            foot: [button("Cancel", () => close(false)), go],
        };
    }) === true;
}
