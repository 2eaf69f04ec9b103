import { h } from "../core/dom.js";
import { icon } from "./icon.js";

/**
 * Opens a menu below `anchor`. Items: `{ text, symbol, action, danger, disabled, checked }`; null is left out.
 * Arrow keys move, Escape closes and gives the focus back.
 */
export function openMenu(anchor, items) {
    document.querySelector(".menu")?.remove();
    const nodes = items.filter(Boolean).map((item) => h("button", {
        type: "button", role: item.checked === undefined ? "menuitem" : "menuitemradio", tabindex: "-1", class: item.danger ? "danger" : "",
        "aria-checked": item.checked === undefined ? null : String(item.checked), disabled: item.disabled === true,
        onclick: () => { close(); item.action(); },
    }, item.symbol ? icon(item.symbol) : null, h("span", { class: "grow" }, item.text), item.checked ? icon("check") : null));
    const menu = h("div", { class: "menu", role: "menu", "aria-label": anchor.getAttribute("aria-label") ?? anchor.textContent }, nodes);
    const ended = new AbortController();
    const close = () => {
        if (!menu.isConnected) return;
        ended.abort();
        menu.remove();
        anchor.setAttribute("aria-expanded", "false");
        // A row that was drawn anew meanwhile has another button of this name.
        const name = anchor.getAttribute("aria-label");
        const here = anchor.isConnected || !name ? anchor : document.querySelector(`button[aria-label="${CSS.escape(name)}"]`);
        here?.focus();
    };
    anchor.setAttribute("aria-haspopup", "menu");
    anchor.setAttribute("aria-expanded", "true");
    (anchor.closest("dialog") ?? document.body).append(menu);
    const place = anchor.getBoundingClientRect();
    menu.style.left = `${Math.max(8, Math.min(place.left, innerWidth - menu.offsetWidth - 8))}px`;
    menu.style.top = `${place.bottom + 4 + menu.offsetHeight > innerHeight ? Math.max(8, place.top - 4 - menu.offsetHeight) : place.bottom + 4}px`;
    menu.addEventListener("keydown", (event) => {
        const usable = nodes.filter((node) => !node.disabled);
        const at = usable.indexOf(document.activeElement);
        if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); event.stopPropagation(); close(); }
        else if (event.key === "ArrowDown") { event.preventDefault(); usable[(at + 1) % usable.length]?.focus(); }
        else if (event.key === "ArrowUp") { event.preventDefault(); usable.at(at - 1)?.focus(); }
        else if (event.key === "Home") { event.preventDefault(); usable[0]?.focus(); }
        else if (event.key === "End") { event.preventDefault(); usable.at(-1)?.focus(); }
    });
    document.addEventListener("mousedown", (event) => { if (!menu.contains(event.target)) close(); }, { signal: ended.signal });
    nodes.find((node) => !node.disabled)?.focus();
    return close;
}
