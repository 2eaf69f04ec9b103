// Choosing keys, with a place to make one on the spot.
import { h, replace, uniqueID } from "../core/dom.js";
import { can, permissions } from "../core/session.js";
import { button } from "../components/button.js";
import { choice, field, group, select, showProblems } from "../components/field.js";
import { notice } from "../components/notice.js";
import { cannotRun, createKey, keyState, rolesOf } from "./data.js";
import { expiryField } from "./expiry.js";
import { secretOnce } from "./secret.js";

const roles = [{ value: "query_endpoints", text: "Query endpoints: runs endpoints it is bound to, nothing else" },
    { value: "admin", text: "Admin: may do everything" }];

/**
 * A field of check boxes, one for each key. `value()`: resource ids of the chosen ones. `made`: credentials of keys made here.
 * Options: keys; chosen: ids; label; path; name: of a key that would be made.
 */
export function keyPicker(keys, { chosen = [], label = "API keys", path = "apiKeyIds", name = "", hint } = {}) {
    const known = [...keys];
    const picked = new Set(chosen);
    const made = [];
    const list = h("div", { class: "key-list", tabindex: known.length > 6 ? "0" : null, role: "group", "aria-label": label });
    const search = h("input", { type: "search", "aria-label": "Search keys", placeholder: "Search keys", oninput: show });
    const below = h("div", { class: "stack" });

    function show() {
        const wanted = search.value.toLowerCase();
        search.hidden = known.length < 8;
        const unknown = [...picked].filter((id) => !known.some((key) => key.id === id)).map((id) => ({ id, name: `Key ${id}`, unknown: true }));
        replace(list, [...known, ...unknown].filter((key) => key.name.toLowerCase().includes(wanted) || picked.has(key.id)).map((key) => {
            const state = key.unknown ? { text: "Unknown", kind: "warn" } : keyState(key);
            const about = [key.keySuffix ? `…${key.keySuffix}` : null, rolesOf(key).join(", "),
                cannotRun(key) && !key.unknown ? "its roles do not let it run endpoints" : null];
            const node = choice(h("span", { class: "break" }, key.name, " ",
                state.kind === "good" ? null : h("span", { class: `badge ${state.kind}` }, state.text)), {
                checked: picked.has(key.id), value: key.id, dataset: { key: key.name },
                onchange: (event) => { if (event.target.checked) picked.add(key.id); else picked.delete(key.id); },
            }, about.filter(Boolean).join(" · "));
            return node;
        }), known.length + unknown.length ? null : h("p", { class: "muted" }, "There is no key yet."));
    }

    function adopt(result) {
        known.unshift(result.key);
        picked.add(result.key.id);
        made.push(result);
        show();
        replace(below, secretOnce(result), moreRow);
        node.problem(null);
    }

    const more = button("Create a key", () => {
        const form = inlineForm(name, adopt, () => { replace(below, ...made.slice(-1).map(secretOnce), moreRow); more.focus(); });
        replace(below, ...made.slice(-1).map(secretOnce), form);
        form.querySelector("input").focus();
    }, { symbol: "plus", small: true, disabled: !can(permissions.createKeys),
    title: can(permissions.createKeys) ? null : "Your key may not create keys" });

    const moreRow = h("div", { class: "row" }, more);
    replace(below, moreRow);
    show();
    const node = group(label, h("div", { class: "stack" }, search, list, below), { path, hint });
    node.value = () => [...picked];
    node.made = made;
    return node;
}

/** The short form in place: name, role, expiry. */
function inlineForm(suggested, done, cancel) {
    const name = h("input", { value: suggested, required: true, maxlength: 256, autocomplete: "off" });
    const role = select(roles, "query_endpoints");
    const expiry = expiryField();
    const problem = h("div", { "aria-live": "polite" });
    const title = uniqueID("title");
    const make = button("Create key", create, { kind: "primary" });
    const node = h("div", { class: "card stack inline-key", role: "group", "aria-labelledby": title }, h("h3", { id: title }, "New key"),
        field("Key name", name, { path: "name" }), field("Role", role, { path: "roles" }), expiry, problem,
        h("div", { class: "row" }, make, button("Cancel", cancel)));
    node.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
        event.preventDefault();
        // The button is locked while it works: Enter pressed twice must not make two keys, of which the first one's secret is never seen.
        make.click();
    });
    async function create() {
        replace(problem);
        try {
            const body = { name: name.value.trim(), roles: [role.value] };
            const expireAt = expiry.value();
            if (expireAt) body.expireAt = expireAt;
            done(await createKey(body));
        } catch (error) {
            const rest = showProblems(node, error);
            if (rest.length) replace(problem, notice(rest.join("; "), "bad"));
        }
    }
    return node;
}
