// The frame of the editor: side pane, and a handle between the SQL and its results.
import { h } from "../core/dom.js";
import { remember, remembered } from "../core/preferences.js";

/** A horizontal handle that sets the height of `above`; moved by the pointer or by arrow keys. */
export function splitter(above, resized) {
    let share = remembered("editor.split", 40);
    const node = h("div", {
        class: "splitter", role: "separator", tabindex: "0", "aria-orientation": "horizontal", "aria-label": "Height of the SQL",
        "aria-valuemin": "15", "aria-valuemax": "80",
    });
    function set(next, keep = true) {
        share = Math.max(15, Math.min(80, next));
        above.style.setProperty("--share", `${share}%`);
        node.setAttribute("aria-valuenow", String(Math.round(share)));
        if (keep) remember("editor.split", share);
        resized();
    }
    node.addEventListener("keydown", (event) => {
        const step = { ArrowUp: -4, ArrowDown: 4 }[event.key];
        if (!step) return;
        event.preventDefault();
        set(share + step);
    });
    node.addEventListener("pointerdown", (event) => {
        event.preventDefault();
        node.setPointerCapture(event.pointerId);
        const frame = above.parentElement.getBoundingClientRect();
        const move = (moved) => set((moved.clientY - frame.top) / frame.height * 100);
        node.addEventListener("pointermove", move);
        node.addEventListener("lostpointercapture", () => node.removeEventListener("pointermove", move), { once: true });
    });
    set(share, false);
    return node;
}

/** Whether there is room for the side pane beside the editor. */
export const narrow = () => matchMedia("(max-width: 900px)").matches;

/** Opens and closes the side pane; on narrow pages it is a drawer over the editor. */
export function sideToggle(side, frame) {
    const set = (open) => {
        frame.classList.toggle("side-open", open);
        toggle.setAttribute("aria-expanded", String(open));
        if (!narrow()) remember("editor.side", open);
        if (narrow() && open) side.querySelector("[aria-selected=true]")?.focus();
    };
    const toggle = h("button", {
        type: "button", class: "button quiet icon-only", "aria-label": "Tables and queries", title: "Tables and queries",
        onclick: () => set(!frame.classList.contains("side-open")),
    });
    side.addEventListener("keydown", (event) => { if (event.key === "Escape" && narrow()) { set(false); toggle.focus(); } });
    frame.addEventListener("click", (event) => { if (event.target === frame.querySelector(".editor-veil")) set(false); });
    set(narrow() ? false : remembered("editor.side", true));
    return { toggle, close: () => { if (narrow()) set(false); } };
}
