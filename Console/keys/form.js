// The whole form of a key: name, roles, expiry, addresses.
import { h, replace } from "../core/dom.js";
import { choice, field, group, showProblems } from "../components/field.js";
import { notice } from "../components/notice.js";
import { expiryField } from "./expiry.js";

const words = {
    Admin: "May do everything.", Developer: "Sees everything; makes and changes pipes.",
    "Query endpoints": "Runs endpoints it is bound to, nothing else.",
};
const system = [["admin", "Admin"], ["developer", "Developer"], ["query_endpoints", "Query endpoints"]];

/** A form with `body()` and `send(work)`, which shows the problems of a refusal and answers what `work(body)` gave. `key`: what is changed. */
export function keyForm(roles, key = null) {
    const name = h("input", { value: key?.name ?? "", maxlength: 256, autocomplete: "off", autofocus: true });
    const held = new Set((key?.assignedRoles ?? []).map((one) => one.roleId));
    // Where roles may not be seen, the three that are always there are named.
    const known = roles.length > 0;
    const list = known ? roles.map((one) => [one.id, one.name, words[one.name] ?? (one.type === "custom" ? "Made here." : "")])
        : system.map(([id, text]) => [id, text, words[text]]);
    // Roles that were given by their ids stand in `assignedRoles` alone: a box left empty would take them away.
    const has = ([id, text]) => (key?.roles ?? []).includes(id)
        || (key?.assignedRoles ?? []).some((one) => one.roleType === "system" && one.roleName === text);
    const boxes = list.map(([value, text, hint]) => choice(h("span", { class: "break" }, text), {
        value, checked: known ? held.has(value) : has([value, text]), dataset: { role: text },
    }, hint));
    const rolesField = group("Roles", h("div", { class: "stack" }, boxes), { path: known ? "assignedRoleIds" : "roles" });
    const expiry = expiryField({ expireAt: key?.expireAt ?? null, initial: key ? "never" : "90" });
    const addresses = h("textarea", {
        rows: 3, spellcheck: "false", placeholder: "203.0.113.0/24 office",
        value: (key?.ipAccessList ?? []).map((one) => `${one.source} ${one.description ?? ""}`.trim()).join("\n"),
    });
    const problems = h("div", { "aria-live": "polite" });
    const node = h("form", { class: "stack wide", novalidate: true, onsubmit: (event) => event.preventDefault() },
        field("Key name", name, { path: "name" }), rolesField, expiry,
        field("Addresses it may be used from", addresses,
            { path: "ipAccessList", optional: true, hint: "One on each line: an address or a range, then what it is. Empty: from everywhere." }),
        problems);

    node.body = () => ({
        name: name.value.trim(), [known ? "assignedRoleIds" : "roles"]: boxes.filter((box) => box.input.checked).map((box) => box.input.value),
        expireAt: expiry.value(),
        ipAccessList: addresses.value.split("\n").map((line) => line.trim()).filter(Boolean).map((line) => {
            const [source, ...rest] = line.split(/\s+/);
            return { source, description: rest.join(" ") };
        }),
    });
    node.send = async (work) => {
        replace(problems);
        try {
            const body = node.body();
            if (!key && body.expireAt === null) delete body.expireAt;
            return await work(body);
        } catch (error) {
            if (!error.problems) throw error;
            const rest = showProblems(node, error);
            if (rest.length) replace(problems, notice(rest.join("; "), "bad"));
            return undefined;
        }
    };
    return node;
}
