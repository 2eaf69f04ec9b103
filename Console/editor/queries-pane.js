// The saved queries of the service, by folder.
import { h, replace } from "../core/dom.js";
import { icon } from "../components/icon.js";
import { button } from "../components/button.js";
import { openMenu } from "../components/menu.js";
import { confirmed } from "../components/dialog.js";
import { notice } from "../components/notice.js";
import { toastError } from "../components/toast.js";
import { can, permissions } from "../core/session.js";
import { deleteQuery, folderOf, leafOf, listQueries, loadQuery, replaceQuery } from "./queries.js";
import { nameDialog } from "./saving.js";

/** `open(query)` shows one; `changed(query)` and `deleted(id)` are told. `update()` reads the list anew. */
export function queriesPane(service, { open, changed, deleted, signal }) {
    const filter = h("input", { type: "search", placeholder: "Filter queries", "aria-label": "Filter queries", oninput: () => show() });
    const list = h("div", { class: "query-list", tabindex: "0", role: "region", "aria-label": "Saved queries" });
    const element = h("div", { class: "pane" }, filter, list);
    const mayChange = can(permissions.manageEndpoints, service);
    const closed = new Set();
    let all = null, current = null, reading = 0, opening = 0;

    async function update() {
        const mine = reading += 1;
        try {
            const found = await listQueries(service);
            if (mine !== reading || signal.aborted) return;
            all = found;
            show();
        } catch (error) {
            if (mine === reading && !signal.aborted) replace(list, notice(error.message, "bad", button("Try again", update, { small: true })));
        }
    }

    function show() {
        if (!all) return;
        const wanted = filter.value.trim().toLowerCase();
        const shown = all.filter((one) => one.name.toLowerCase().includes(wanted));
        if (!shown.length) {
            replace(list, h("p", { class: "muted small pane-empty" },
                all.length ? "No query has this in its name." : "Nothing is saved yet. Write a query and press Save."));
            return;
        }
        const folders = Map.groupBy ? Map.groupBy(shown, (one) => folderOf(one.name)) : grouped(shown);
        const names = [...folders.keys()].sort((a, b) => a.localeCompare(b));
        replace(list, names.map((name) => name === "" ? null : folder(name, folders.get(name))),
            h("ul", { class: "plain-list" }, (folders.get("") ?? []).map(entry)));
    }

    function grouped(queries) {
        const folders = new Map();
        for (const one of queries) folders.set(folderOf(one.name), [...folders.get(folderOf(one.name)) ?? [], one]);
        return folders;
    }

    function folder(name, queries) {
        return h("details", { open: !closed.has(name), ontoggle: (event) => { if (event.target.open) closed.delete(name); else closed.add(name); } },
            h("summary", {}, icon("right"), icon("folder"), h("span", { class: "clip" }, name)),
            h("ul", { class: "plain-list" }, queries.map(entry)));
    }

    function entry(one) {
        const more = button(`More for ${one.name}`, () => openMenu(more, [
            { text: "Rename…", symbol: "edit", disabled: !mayChange, action: () => rename(one, "name") },
            { text: "Move to a folder…", symbol: "folder", disabled: !mayChange, action: () => rename(one, "folder") },
            { text: "Delete…", symbol: "trash", danger: true, disabled: !mayChange, action: () => drop(one) },
        ]), { symbol: "more", iconOnly: true, kind: "quiet", small: true });
        return h("li", { class: "pane-entry" },
            h("button", {
                type: "button", class: "pane-name clip", title: one.name, "aria-current": one.id === current ? "true" : null,
                dataset: { test: "saved-query" },
                onclick: () => openSaved(one.id),
            }, leafOf(one.name)), more);
    }

    /** The one that was chosen last is shown, whichever answer comes last. */
    async function openSaved(id) {
        const mine = opening += 1;
        try {
            const query = await loadQuery(service, id);
            if (mine === opening && !signal.aborted) open(query);
        } catch (error) {
            if (mine === opening && !signal.aborted) toastError(error);
        }
    }

    async function rename(one, focus) {
        const title = focus === "name" ? "Rename the query" : "Move the query to a folder";
        const query = await nameDialog(service, {
            title, name: one.name, focus, action: focus === "name" ? "Rename" : "Move",
            work: async (name) => replaceQuery(service, one.id, { ...await loadQuery(service, one.id), name }),
        }).catch(toastError);
        if (!query) return;
        changed(query);
        update();
    }

    async function drop(one) {
        const gone = await confirmed(`Delete “${one.name}”?`,
            { text: "The saved query is deleted for everybody. Endpoints that were made of it stay.", work: () => deleteQuery(service, one.id) });
        if (!gone) return;
        deleted(one.id);
        update();
    }

    replace(list, h("div", { class: "skeleton" }));
    return { element, update, mark(id) { if (id !== current) { current = id; show(); } } };
}
