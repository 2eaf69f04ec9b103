// Name, database, Run, Save, Share and the way to the endpoint's calls.
import { h, replace } from "../core/dom.js";
import { href } from "../core/router.js";
import { rows } from "../core/api.js";
import { can, permissions } from "../core/session.js";
import { button } from "../components/button.js";
import { icon } from "../components/icon.js";
import { openMenu } from "../components/menu.js";
import { confirmed } from "../components/dialog.js";
import { copyText } from "../components/code.js";
import { toast, toastError } from "../components/toast.js";
import { isChanged } from "./drafts.js";
import { saveNew, saveTab } from "./saving.js";
import { loadQuery, replaceQuery } from "./queries.js";

const mac = /Mac|iPhone|iPad/.test(navigator.platform);
const keys = (text) => mac ? text.replace("Ctrl-", "⌘").replace("Shift-", "⇧") : text;

/**
 * `{ element, update(), save() }`. `changed(event)` is told "saved" when the server has something new, "replaced" when the tab's text was
 * exchanged, nothing for small changes. `link(tab)`: path and query of its permalink.
 */
export function toolbar({ service, drafts, signal, mayRun, commands, selection, running, changed, link }) {
    const mayChange = can(permissions.manageEndpoints, service);
    const lacking = mayChange ? null : `Your key lacks the permission ${permissions.manageEndpoints}`;
    const name = h("input", {
        class: "query-title", "aria-label": "Name of the query", placeholder: "Untitled query", maxlength: "255", autocomplete: "off",
        spellcheck: "false", dataset: { test: "query-title" },
        readonly: !mayChange, title: lacking ?? "The part before a / is the folder. Enter saves.",
        oninput: () => { drafts.active.name = name.value; changed(); update(); }, onblur: () => rename(),
        onkeydown: (event) => {
            if (event.key === "Enter") { event.preventDefault(); save(); }
            else if (event.key === "Escape" && drafts.active.saved) {
                event.stopPropagation();
                drafts.active.name = name.value = drafts.active.saved.name;
                changed();
                update();
            }
        },
    });
    const database = h("select", {
        "aria-label": "Database", title: "Where tables without a database are looked up",
        onchange: () => { drafts.active.database = database.value; drafts.keep(); changed(); update(); },
    });
    const run = button("Run", () => { commands.run(); }, {
        symbol: "play", kind: "primary", disabled: !mayRun, attributes: { "data-test": "run" },
        title: mayRun ? `Run every statement (${keys("Ctrl-Enter")})` : `Your key lacks the permission ${permissions.useSQL}`,
    });
    const more = button("More ways to run", () => openMenu(more, [
        { text: `Run all (${keys("Ctrl-Enter")})`, symbol: "play", action: () => commands.run() },
        { text: `${selection() ? "Run selection" : "Run at cursor"} (${keys("Ctrl-Shift-Enter")})`, symbol: "play",
            action: () => commands.runAtCursor() },
    ]), { symbol: "down", iconOnly: true, kind: "primary", disabled: !mayRun });
    const cancel = button("Cancel", () => { commands.cancel(); run.focus(); },
        { symbol: "stop", kind: "danger", title: "Stop the statement (Esc)", attributes: { "data-test": "cancel" } });
    const saveButton = button("Save", () => save(),
        { symbol: "save", title: lacking ?? `Save (${keys("Ctrl-S")})`, disabled: !mayChange, attributes: { "data-test": "save" } });
    const share = button("Share", () => openMenu(share, [
        { text: "API endpoint…", symbol: "endpoint", disabled: !mayChange, action: () => shareEndpoint().catch(toastError) },
        { text: "Copy the link", symbol: "link", disabled: !drafts.active.queryId,
            action: () => copyText(location.origin + "/" + href(...link(drafts.active))) },
        { text: "Save as a new query…", symbol: "save", disabled: !mayChange, action: () => saveAsNew().catch(toastError) },
    ]), { symbol: "share", attributes: { "data-test": "share" } });
    const calls = h("span", { class: "monitoring-slot" });
    const element = h("div", { class: "editor-bar" },
        name, h("div", { class: "row tight nowrap" }, h("span", { class: "muted", title: "Database" }, icon("service")), database),
        h("span", { class: "grow" }),
        h("div", { class: "row tight bar-actions" }, h("div", { class: "split-button" }, run, more), cancel, saveButton, share, calls));

    let databases = [], listed = "", saving = false, renaming = null;
    if (mayRun) {
        rows(service, "SELECT name FROM system.databases WHERE lower(name) != 'information_schema' ORDER BY name")
            .then((found) => { databases = found.map((one) => one.name); update(); }, () => { /* the tab's own stays */ });
    }

    function update() {
        const tab = drafts.active;
        if (name.value !== tab.name) name.value = tab.name;
        const wanted = [...new Set([...databases, tab.database])];
        if (listed !== wanted.join("\n")) { listed = wanted.join("\n"); replace(database, wanted.map((one) => h("option", { value: one }, one))); }
        database.value = tab.database;
        const busy = running();
        run.parentElement.hidden = busy;
        cancel.hidden = !busy;
        saveButton.classList.toggle("changed", isChanged(tab));
        showCalls(tab);
    }

    async function save() {
        const tab = drafts.active;
        if (!mayChange || saving) return null;
        if (!tab.sql.trim()) { toast("There is nothing to save yet: write a statement first.", "info"); return null; }
        saving = true;
        try {
            // A click on Save leaves the name first, and the name is then being stored.
            await renaming;
            const before = tab.sql;
            const query = await saveTab(service, tab);
            if (!query) return null;
            if (tab.sql === before) toast(`“${query.name}” is saved`);
            drafts.keep();
            changed("saved");
            if (tab.sql !== before) changed("replaced");
            update();
            return query;
        } catch (error) {
            toastError(error);
            return null;
        } finally { saving = false; }
    }

    async function saveAsNew() {
        if (await saveNew(service, drafts.active)) { drafts.keep(); changed("saved"); update(); }
    }

    /** A name that was changed in place is stored with the text that the server has; other changes stay unsaved. */
    function rename() {
        const tab = drafts.active;
        if (!tab.saved || saving || renaming || tab.name === tab.saved.name) return;
        if (!tab.name.trim()) { tab.name = tab.saved.name; changed(); update(); return; }
        renaming = storeName(tab).finally(() => { renaming = null; update(); });
    }

    async function storeName(tab) {
        try {
            const stored = await loadQuery(service, tab.queryId);
            const query = await replaceQuery(service, tab.queryId, { ...stored, name: tab.name.trim() });
            const same = stored.updatedAt === tab.saved.updatedAt;
            tab.name = query.name;
            tab.saved = { ...tab.saved, name: query.name, updatedAt: same ? query.updatedAt : tab.saved.updatedAt };
            changed("saved");
        } catch (error) {
            if (error.status === 409) error.message = `Another query has the name “${tab.name}”. Choose another name.`;
            // A save that waits for this meets the same and says so itself.
            if (!saving) toastError(error);
        }
    }

    async function shareEndpoint() {
        const tab = drafts.active;
        await renaming;
        if (!tab.queryId || isChanged(tab)) {
            const go = await confirmed("Save the query first",
                { text: "An endpoint is made of a saved query. Save this one, then go on?", action: "Save and go on", danger: false });
            if (!go || !(await save())) return;
        }
        const query = await loadQuery(service, tab.queryId);
        const { openShareDialog } = await import("../endpoints/share.js");
        await openShareDialog(query, service);
        shownFor = null;
        update();
    }

    let shownFor = null, leave = new AbortController();
    signal.addEventListener("abort", () => leave.abort());
    async function showCalls(tab) {
        const wanted = tab.saved ? `${tab.queryId} ${tab.saved.name}` : "";
        if (shownFor === wanted) return;
        shownFor = wanted;
        leave.abort();
        const mine = leave = new AbortController();
        replace(calls);
        if (!wanted || !can(permissions.viewEndpoints, service)) return;
        try {
            const [{ endpointOf }, { monitoringButton }] = await Promise.all([import("../endpoints/data.js"), import("../endpoints/monitoring.js")]);
            const endpoint = await endpointOf({ id: tab.queryId, name: tab.saved.name }, service, mine.signal);
            const node = endpoint && await monitoringButton(endpoint, service, mine.signal);
            if (node && !mine.signal.aborted) replace(calls, node);
        } catch (error) {
            if (error.name !== "AbortError" && error.status !== 401) console.warn("Calls of the endpoint cannot be shown:", error.message);
        }
    }

    return { element, update, save };
}
