import { h, replace, uniqueID } from "../core/dom.js";
import { button } from "./button.js";
import { notice } from "./notice.js";

/**
 * Tabs with their panel below. Tabs: `{ id, text, show(signal) }`, where `show` gives the panel's element (or a promise of it) each time
 * the tab is chosen; the signal is aborted when another is. `chosen(id)` is told of each choice that a person makes.
 */
export function tabs(label, all, { initial = all[0].id, chosen = () => {}, signal }) {
    const panel = h("div", { role: "tabpanel", id: uniqueID("panel"), tabindex: "-1", class: "stack wide" });
    let leave = new AbortController();
    const nodes = all.map((tab) => h("button", {
        type: "button", role: "tab", id: uniqueID("tab"), "aria-controls": panel.id, dataset: { tab: tab.id }, onclick: () => choose(tab.id),
    }, tab.text));
    const list = h("div", { role: "tablist", class: "tabs", "aria-label": label }, nodes);
    list.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const at = nodes.indexOf(document.activeElement);
        const next = nodes.at((at + step) % nodes.length);
        next.focus();
        next.click();
    });
    async function choose(id, tell = true) {
        leave.abort();
        const entered = leave = new AbortController();
        nodes.forEach((node, index) => {
            const is = all[index].id === id;
            node.setAttribute("aria-selected", String(is));
            node.tabIndex = is ? 0 : -1;
            if (is) panel.setAttribute("aria-labelledby", node.id);
            if (!is) return;
            requestAnimationFrame(() => { if (list.scrollWidth > list.clientWidth) list.scrollLeft = node.offsetLeft - list.offsetLeft - 24; });
        });
        // A page that was left while it was being made must not change the address of the next one.
        if (tell && !signal?.aborted) chosen(id);
        let content;
        try {
            content = await all.find((tab) => tab.id === id).show(entered.signal);
        } catch (error) {
            if (entered.signal.aborted || error.name === "AbortError") return;
            if (error.name !== "ApiError") console.error(error);
            content = notice(error.message, "bad",
                h("div", { class: "row" }, button("Try again", () => choose(id, false), { symbol: "refresh", small: true })));
        }
        if (!entered.signal.aborted) replace(panel, content);
    }
    signal?.addEventListener("abort", () => leave.abort());
    const first = all.some((tab) => tab.id === initial) ? initial : all[0].id;
    const ready = choose(first, false);
    return { element: h("div", { class: "stack wide" }, list, panel), choose, ready };
}
