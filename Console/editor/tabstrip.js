// The strip of open queries.
import { h, replace } from "../core/dom.js";
import { icon } from "../components/icon.js";
import { button } from "../components/button.js";
import { confirmed } from "../components/dialog.js";
import { isChanged, tabName } from "./drafts.js";
import { leafOf } from "./queries.js";

/** `{ element, update() }`. Arrow keys move between tabs, Delete closes one. `panel`: id of what the tabs show. */
export function tabStrip(drafts, panel, signal) {
    const list = h("div", { role: "tablist", class: "editor-tabs", "aria-label": "Open queries" });
    const closers = h("div", { class: "editor-tab-close" });
    const add = button("New query", () => { drafts.add({ sql: "" }); }, { symbol: "plus", iconOnly: true, kind: "quiet", small: true });
    const element = h("div", { class: "editor-strip" }, list, closers, add);

    async function close(tab) {
        const changed = isChanged(tab);
        const text = `“${tabName(tab)}” has changes that are not saved. They are lost when it is closed.`;
        if (changed && !(await confirmed("Close without saving?", { text, action: "Close" }))) return;
        drafts.close(tab.id);
        list.querySelector("[aria-selected=true]")?.focus();
    }

    const nodes = new Map();
    function node(tab) {
        const mark = h("span", { class: "mark", title: "Not saved" });
        const text = h("span", { class: "clip" });
        const cross = h("span", { class: "cross", "aria-hidden": "true" }, icon("close"));
        cross.addEventListener("click", (event) => { event.stopPropagation(); close(tab); });
        const one = h("button", {
            type: "button", role: "tab", "aria-controls": panel, dataset: { test: "query-tab" }, onclick: () => drafts.choose(tab.id),
            onauxclick: (event) => { if (event.button === 1) { event.preventDefault(); close(tab); } },
        }, mark, text, cross);
        return { one, mark, text };
    }

    list.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const at = drafts.tabs.indexOf(drafts.active);
        if (step) drafts.choose(drafts.tabs.at((at + step) % drafts.tabs.length).id);
        else if (event.key === "Home") drafts.choose(drafts.tabs[0].id);
        else if (event.key === "End") drafts.choose(drafts.tabs.at(-1).id);
        else if (event.key === "Delete") { close(drafts.active); return; } else return;
        event.preventDefault();
        list.querySelector("[aria-selected=true]")?.focus();
    });

    function update() {
        const wanted = drafts.tabs.map((tab) => {
            if (!nodes.has(tab.id)) nodes.set(tab.id, node(tab));
            const { one, mark, text } = nodes.get(tab.id);
            const is = tab === drafts.active;
            const leaf = leafOf(tabName(tab));
            if (text.textContent !== leaf) text.textContent = leaf;
            mark.hidden = !isChanged(tab);
            one.title = `${tabName(tab)}${isChanged(tab) ? " (not saved)" : ""}`;
            one.setAttribute("aria-selected", String(is));
            one.setAttribute("aria-label", `${tabName(tab)}${isChanged(tab) ? ", not saved" : ""}`);
            one.tabIndex = is ? 0 : -1;
            return one;
        });
        if (wanted.length !== list.children.length || wanted.some((one, at) => list.children[at] !== one)) replace(list, wanted);
    }
    drafts.addEventListener("change", () => {
        update();
        nodes.get(drafts.active.id)?.one.scrollIntoView({ block: "nearest", inline: "nearest" });
    }, { signal });
    replace(closers, button("Close this query", () => { close(drafts.active); }, { symbol: "close", iconOnly: true, kind: "quiet", small: true }));
    update();
    return { element, update };
}
