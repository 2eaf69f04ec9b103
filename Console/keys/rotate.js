// From an old key to a new one without a gap: make it, bind it to the same endpoints, then switch the old one off.
import { h, replace } from "../core/dom.js";
import { count } from "../core/format.js";
import { button } from "../components/button.js";
import { openDialog } from "../components/dialog.js";
import { field, showProblems } from "../components/field.js";
import { notice } from "../components/notice.js";
import { timeText } from "../components/time.js";
import { toast } from "../components/toast.js";
import { changeKey, createKey } from "./data.js";
import { expiryField } from "./expiry.js";
import { secretOnce } from "./secret.js";
import { bindToo, nameOfUse, usesOf } from "./uses.js";

/** Guides through it; answers whether anything was changed. */
export async function openRotate(key) {
    let changed = false;
    await openDialog(`Rotate ${key.name}`, (close) => {
        const body = h("div", { class: "stack wide" });
        const foot = h("div", { class: "row" });
        const step = (number, title, ...content) => h("section", { class: "stack", "aria-label": title }, h("h3", {}, `${number}. ${title}`),
            ...content);

        function first() {
            const name = h("input", { value: `${key.name} ${new Date().toISOString().slice(0, 10)}`.slice(-256), maxlength: 256,
                autocomplete: "off" });
            const expiry = expiryField({ initial: key.expireAt ? "90" : "never" });
            const problem = h("div", { "aria-live": "polite" });
            const form = h("div", { class: "stack" }, field("Name of the new key", name, { path: "name" }), expiry, problem);
            replace(body, h("p", { class: "muted" },
                "A key's secret cannot be changed. Rotating makes a second key with the same roles and addresses; "
                + "both work until the old one is switched off, so no call fails."),
                step(1, "Make the new key", form));
            replace(foot, button("Cancel", () => close()), button("Make the new key", async () => {
                try {
                    const members = { name: name.value.trim(), assignedRoleIds: key.assignedRoles.map((one) => one.roleId),
                        ipAccessList: key.ipAccessList ?? [] };
                    if (expiry.value()) members.expireAt = expiry.value();
                    const result = await createKey(members);
                    changed = true;
                    await second(result);
                } catch (error) {
                    const rest = showProblems(form, error);
                    if (rest.length) replace(problem, notice(rest.join("; "), "bad"));
                }
            }, { kind: "primary" }));
        }

        async function second(made) {
            const list = h("div", { "aria-live": "polite" }, h("p", { class: "muted" }, "Looking where the old key may call…"));
            replace(body, step(1, "Copy the new key", secretOnce(made)), step(2, "Bind it to the same endpoints", list), third());
            replace(foot, button("Done", () => close(), { kind: "primary" }));
            try {
                const uses = await usesOf(key.id);
                if (uses.length === 0) { replace(list, h("p", {}, "The old key is bound to no endpoint: nothing to do.")); return; }
                replace(list, h("p", {}, `The old key is bound to ${count(uses.length)} ${uses.length === 1 ? "endpoint" : "endpoints"}:`),
                    h("ul", {}, uses.map((use) => h("li", { class: "break" }, nameOfUse(use)))),
                    h("div", { class: "row" }, button("Bind the new key too", () => bind(uses, made, list), { kind: "primary" })));
            } catch (error) { replace(list, notice(error.message, "bad")); }
        }

        async function bind(uses, made, list) {
            const failed = [];
            for (const use of uses) {
                try { await bindToo(use, made.key.id); } catch (error) { failed.push([use, error.message]); }
            }
            replace(list, failed.length < uses.length
                ? notice(`The new key may call ${count(uses.length - failed.length)} of ${count(uses.length)} endpoints.`, "good") : null,
                failed.map(([use, text]) => notice(`${nameOfUse(use)}: ${text}`, "bad")));
        }

        function third() {
            const problem = h("div", { "aria-live": "polite" });
            const off = button("Disable the old key", async () => {
                try {
                    await changeKey(key.id, { state: "disabled" });
                    changed = true;
                    toast(`“${key.name}” is disabled`);
                    replace(problem, notice("The old key is refused from now on. Delete it once nobody misses it.", "good"));
                    off.hidden = true;
                } catch (error) { replace(problem, notice(error.message, "bad")); }
            }, { kind: "danger" });
            return step(3, "Switch the old key off",
                h("p", {}, "When every program uses the new key. The old one was last used: ", timeText(key.usedAt, { relative: true }),
                ". You can also do that later, from the list."),
                h("div", { class: "row" }, off), problem);
        }
        first();
        return { body, foot };
    }, { wide: true });
    return changed;
}
