// Making and changing a key.
import { h, replace } from "../core/dom.js";
import { button } from "../components/button.js";
import { openDialog } from "../components/dialog.js";
import { toast } from "../components/toast.js";
import { changeKey, createKey } from "./data.js";
import { keyForm } from "./form.js";
import { secretOnce } from "./secret.js";

/** Answers the new key, undefined when none was made. */
export async function openCreateKey(roles) {
    let made;
    await openDialog("New API key", (close) => {
        const form = keyForm(roles);
        const body = h("div", { class: "stack" }, form);
        const foot = h("div", { class: "row" }, button("Cancel", () => close()), button("Create key", async () => {
            const result = await form.send(createKey);
            if (!result) return;
            made = result.key;
            replace(body, secretOnce(result),
                h("p", { class: "muted" }, "Programs send both by HTTP Basic: the id as user, the secret as password."));
            replace(foot, button("I have copied it", () => close(), { kind: "primary" }));
        }, { kind: "primary" }));
        return { body, foot };
    });
    return made;
}

/** Answers the changed key, undefined when it was not changed. */
export function openEditKey(key, roles) {
    return openDialog(`Change ${key.name}`, (close) => {
        const form = keyForm(roles, key);
        return {
            body: form,
            foot: [button("Cancel", () => close()), button("Save changes", async () => {
                const changed = await form.send((body) => changeKey(key.id, body));
                if (!changed) return;
                toast("The key was changed");
                close(changed);
            }, { kind: "primary" })],
        };
    });
}
