import { h } from "../core/dom.js";
import { icon } from "./icon.js";
import { button } from "./button.js";

/** A short message at the edge; good news goes by itself, bad news stays until it is closed. */
export function toast(text, kind = "good") {
    const node = h("div", { class: `toast ${kind}` }, icon(kind), h("span", { class: "grow" }, text),
        button("Close", () => node.remove(), { symbol: "close", iconOnly: true, small: true, kind: "quiet" }));
    const place = document.getElementById("toasts");
    place.append(node);
    // Shown anew, it stands above a dialog that was opened meanwhile.
    if (place.showPopover) {
        place.popover = "manual";
        if (place.matches(":popover-open")) place.hidePopover();
        place.showPopover();
    }
    if (kind !== "bad") setTimeout(() => node.remove(), 5000);
}

/** Shows what failed. An ended session shows itself by its dialog. */
export function toastError(error) {
    if (error.name === "AbortError" || error.status === 401) return;
    if (error.name !== "ApiError") console.error(error);
    toast(error.message, "bad");
}
