import { h } from "../core/dom.js";
import { icon } from "./icon.js";

/**
 * A button. `text` is its name; with `iconOnly` it is read out and shown on hover instead of beside the icon.
 * A promise that `action` returns disables it until it is settled; what is written to `disabled` meanwhile holds from then on.
 */
export function button(text, action, { symbol, kind = "", iconOnly = false, small = false, disabled = false, title, attributes = {} } = {}) {
    const node = h("button", {
        type: "button", class: `button ${kind} ${small ? "small" : ""} ${iconOnly ? "icon-only" : ""}`.trim(),
        "aria-label": iconOnly ? text : null, title: title ?? (iconOnly ? text : null), disabled, ...attributes,
    }, symbol ? icon(symbol) : null, iconOnly ? null : text);
    // Two reasons to be disabled: the page wants it so, or the action runs. The end of the action must not undo what the page wants.
    let wanted = disabled, busy = false;
    const apply = () => node.toggleAttribute("disabled", wanted || busy);
    Object.defineProperty(node, "disabled", { get: () => wanted || busy, set: (value) => { wanted = Boolean(value); apply(); } });
    const lock = (is) => { busy = is; apply(); };
    node.addEventListener("click", async (event) => {
        const had = document.activeElement === node;
        const result = action?.(event);
        if (!(result instanceof Promise)) return;
        // A disabled button loses the focus, also to the dialog that it opened: it gets it back, unless it went elsewhere meanwhile.
        lock(true);
        node.setAttribute("aria-busy", "true");
        try { await result; } finally {
            lock(false);
            node.removeAttribute("aria-busy");
            if (had && (document.activeElement === document.body || document.activeElement === null)) node.focus({ preventScroll: true });
        }
    });
    return node;
}
