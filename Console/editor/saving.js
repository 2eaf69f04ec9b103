// Saving a query: under a new name, over the stored one, and what happens when somebody else changed it meanwhile.
import { h, uniqueID } from "../core/dom.js";
import { utc, time } from "../core/format.js";
import { openDialog } from "../components/dialog.js";
import { button } from "../components/button.js";
import { field } from "../components/field.js";
import { notice } from "../components/notice.js";
import { createQuery, folderOf, joinedName, leafOf, listQueries, loadQuery, replaceQuery } from "./queries.js";
import { adopt, markSaved, usedVariables } from "./drafts.js";

const content = (tab) => ({ sql: tab.sql, database: tab.database, parameters: usedVariables(tab) });

/** Saves the tab; asks for a name where it has none. Answers the saved query, null when it was given up. Throws ApiError. */
export async function saveTab(service, tab, { asNew = false } = {}) {
    if (asNew || !tab.queryId) return saveNew(service, tab);
    let stored;
    try {
        stored = await loadQuery(service, tab.queryId);
    } catch (error) {
        if (error.status !== 404) throw error;
        Object.assign(tab, { queryId: null, saved: null });
        return saveNew(service, tab, "The query was deleted meanwhile. Save it again under a name:");
    }
    if (stored.updatedAt !== tab.saved.updatedAt) {
        const choice = await changedMeanwhile(stored);
        if (!choice) return null;
        if (choice === "theirs") { adopt(tab, stored); return stored; }
        if (choice === "new") return saveNew(service, tab);
    }
    try {
        const query = await replaceQuery(service, tab.queryId, { name: tab.name || stored.name, ...content(tab) });
        markSaved(tab, query);
        return query;
    } catch (error) {
        if (error.status === 409) error.message = `Another query has the name “${tab.name}”. Choose another name.`;
        throw error;
    }
}

function changedMeanwhile(stored) {
    return openDialog("Changed by somebody else", (close) => ({
        body: [
            h("p", {}, "“", h("strong", { class: "break" }, stored.name), "” was changed on ",
                h("time", { title: utc(stored.updatedAt) }, time(stored.updatedAt)), ", after you opened it. This is what is stored now:"),
            h("pre", { class: "code", tabindex: "0", role: "region", "aria-label": "Stored SQL" }, stored.sql),
        ],
        foot: [
            button("Take the stored one", () => close("theirs")), button("Save as a new query", () => close("new")),
            button("Overwrite it", () => close("overwrite"), { kind: "danger" }),
        ],
    }), { wide: true });
}

/** The dialog for a name and a folder. */
export async function saveNew(service, tab, text = null) {
    const saved = await nameDialog(service, {
        title: "Save the query", name: tab.name, text, action: "Save query", work: (name) => createQuery(service, { name, ...content(tab) }),
    });
    if (saved) markSaved(tab, saved);
    return saved ?? null;
}

/** Asks for name and folder; `work(name)` runs with the dialog open. Answers what it gave. */
export async function nameDialog(service, { title, name, text = null, action, work, focus = "name" }) {
    const folders = [...new Set((await listQueries(service).catch(() => [])).map((one) => folderOf(one.name)).filter(Boolean))];
    return openDialog(title, (close, node) => {
        const id = uniqueID("folders");
        const input = h("input", {
            value: leafOf(name ?? ""), maxlength: "255", autocomplete: "off", placeholder: "Top uploaders", dataset: { test: "query-name" },
            autofocus: focus === "name",
        });
        const folder = h("input", {
            value: folderOf(name ?? ""), maxlength: "200", autocomplete: "off", list: id, dataset: { test: "query-folder" },
            autofocus: focus === "folder",
        });
        const nameField = field("Name", input, { path: "name" });
        const problem = h("div", { "aria-live": "polite" });
        const go = button(action, async () => {
            problem.replaceChildren();
            if (!input.value.trim()) { nameField.problem("A name is needed."); input.focus(); return; }
            try {
                close(await work(joinedName(folder.value, input.value)));
            } catch (error) {
                const named = error.status === 409 ? "Another query of this service has this name in this folder."
                    : error.problems?.find((one) => one.field === "name")?.message;
                if (named) { nameField.problem(named); input.focus(); } else problem.replaceChildren(notice(error.message, "bad"));
            }
        }, { kind: "primary" });
        node.addEventListener("keydown", (event) => {
            if (event.key === "Enter" && event.target.tagName === "INPUT") { event.preventDefault(); go.click(); }
        });
        return {
            body: [text && h("p", {}, text), nameField,
                field("Folder", folder, { optional: true, hint: "Queries of one folder stand together in the list." }),
                h("datalist", { id }, folders.map((one) => h("option", { value: one }))), problem],
            foot: [button("Cancel", () => close()), go],
        };
    });
}
