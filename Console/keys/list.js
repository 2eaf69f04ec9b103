// All keys of the organization.
import { h, replace } from "../core/dom.js";
import { pageStyle } from "../core/libraries.js";
import { can, permissions, session } from "../core/session.js";
import { button } from "../components/button.js";
import { confirmed } from "../components/dialog.js";
import { openMenu } from "../components/menu.js";
import { empty, notice } from "../components/notice.js";
import { dataTable } from "../components/table.js";
import { timeText } from "../components/time.js";
import { toast, toastError } from "../components/toast.js";
import { allKeys, allRoles, changeKey, deleteKey, keyState, rolesOf } from "./data.js";
import { openCreateKey, openEditKey } from "./dialogs.js";
import { openRotate } from "./rotate.js";
import { nameOfUse, usesOf } from "./uses.js";

export default async function page({ title, signal }) {
    title("Keys");
    await pageStyle("endpoints");
    if (!can(permissions.viewKeys)) {
        return h("div", { class: "page" }, h("h1", {}, "Keys"),
            empty("Your key may not see keys", "Sign in with a key that has the role Admin or Developer, or ask whoever gave you yours."));
    }
    let keys, roles;
    [keys, roles] = await Promise.all([allKeys(signal), allRoles(signal)]);
    const may = { create: can(permissions.createKeys), update: can(permissions.updateKeys), delete: can(permissions.deleteKeys) };

    const search = h("input", { type: "search", "aria-label": "Search keys", placeholder: "Search by name, suffix or role", oninput: show });
    const attention = h("div");
    const none = h("p", { class: "muted", role: "status" });
    const table = dataTable("API keys", [
        { title: "Name", cell: (key) => h("span", { class: "break" }, key.name,
            key.id === session().key.id ? [" ", h("span", { class: "badge plain" }, "You")] : null) },
        { title: "Key id", cell: (key) => h("code", { title: "The last four characters of the key id" }, `…${key.keySuffix ?? ""}`) },
        { title: "State", cell: (key) => h("span", { class: `badge ${keyState(key).kind}` }, keyState(key).text) },
        { title: "Roles", cell: (key) => h("span", { class: "break" }, rolesOf(key).join(", ") || "none") },
        { title: "Expires", cell: (key) => key.expireAt ? timeText(key.expireAt) : "never" },
        { title: "Last used", cell: (key) => key.usedAt ? timeText(key.usedAt, { relative: true }) : h("span", { class: "muted" }, "never") },
        { title: "Addresses", cell: (key) => h("span", { class: "break" },
            key.ipAccessList?.length ? key.ipAccessList.map((one) => one.source).join(", ") : "everywhere") },
        { title: "", cell: actions },
    ]);

    function actions(key) {
        const node = button(`Actions of ${key.name}`, () => openMenu(node, [
            { text: "Change or restrict", symbol: "edit", disabled: !may.update,
                action: async () => { if (await openEditKey(key, roles)) renew(); } },
            { text: "Rotate", symbol: "refresh", disabled: !may.create, action: async () => { if (await openRotate(key)) renew(); } },
            key.state === "disabled" ? { text: "Enable", symbol: "play", disabled: !may.update, action: () => enable(key) }
                : { text: "Disable", symbol: "pause", disabled: !may.update, action: () => disable(key) },
            { text: "Delete", symbol: "trash", danger: true, disabled: !may.delete, action: () => remove(key) },
        ]), { symbol: "more", iconOnly: true, small: true, kind: "quiet" });
        return node;
    }

    async function renew() {
        try {
            keys = await allKeys(signal);
            show();
        } catch (error) { toastError(error); }
    }

    async function enable(key) {
        try {
            await changeKey(key.id, { state: "enabled" });
            toast(`“${key.name}” works again`);
            renew();
        } catch (error) { toastError(error); }
    }

    const own = (key) => key.id === session().key.id ? " It is the key that you are signed in with: your session ends." : "";

    async function disable(key) {
        if (await confirmed("Disable this key?", {
            text: `Every call with “${key.name}” is refused until it is enabled again.${own(key)}`, action: "Disable",
            work: () => explained(changeKey(key.id, { state: "disabled" })),
        })) { toast(`“${key.name}” is disabled`); renew(); }
    }

    async function remove(key) {
        let uses = [];
        try { uses = await usesOf(key.id); } catch { /* what it is bound to is only a hint */ }
        const some = uses.slice(0, 5).map(nameOfUse).join(", ") + (uses.length > 5 ? ` and ${uses.length - 5} more` : "");
        const bound = uses.length ? ` It may call: ${some}. These go on with their other keys.` : "";
        if (await confirmed("Delete this key?", {
            text: `Every call with “${key.name}” is refused for good.${bound}${own(key)}`, action: "Delete key", typed: key.name.trim(),
            work: () => explained(deleteKey(key.id)),
        })) { toast(`“${key.name}” was deleted`); renew(); }
    }

    function show() {
        const wanted = search.value.trim().toLowerCase();
        const found = keys.filter((key) => [key.name, key.keySuffix ?? "", ...rolesOf(key)].some((text) => text.toLowerCase().includes(wanted)));
        table.update(found);
        table.hidden = found.length === 0;
        replace(none, keys.length === 0 ? "There is no key that you may see." : found.length ? "" : "No key matches the search.");
        none.hidden = found.length > 0;
        const late = keys.filter((key) => key.state !== "disabled" && ["warn", "bad"].includes(keyState(key).kind));
        const names = late.map((key) => key.name).join(", ");
        replace(attention, late.length ? notice(`Expired, or within 14 days of it: ${names}. Rotate them before programs fail.`, "warn") : null);
    }

    show();
    return h("div", { class: "page" },
        h("div", { class: "page-head" }, h("h1", {}, "Keys"), button("New key", async () => { if (await openCreateKey(roles)) renew(); }, {
            symbol: "plus", kind: "primary", disabled: !may.create, title: may.create ? null : "Your key may not create keys",
        })),
        attention, h("div", { class: "row" }, h("div", { class: "grow search" }, search)), none, table);
}

/** A conflict in words that say what to do. */
async function explained(work) {
    try {
        return await work;
    } catch (error) {
        if (error.status === 409) error.message = `${error.message}. Make another key with the role Admin first, `
            + "or bind another key where this one is the only one.";
        throw error;
    }
}
