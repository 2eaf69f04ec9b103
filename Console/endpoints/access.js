// Fields of who may call an endpoint and with which rights: database roles and origins. The route for any SQL of a service has them too.
import { h, uniqueID } from "../core/dom.js";
import { field, group } from "../components/field.js";

const readOnly = "sql_console_read_only", full = "sql_console_admin";

/** Radio buttons of the database role; `value()`: names of roles. */
export function roleField(roles = [readOnly], { mayGrant = true } = {}) {
    const initial = roles.length === 1 && roles[0] === readOnly ? "read" : roles.length === 1 && roles[0] === full ? "full" : "custom";
    const name = uniqueID("role");
    const names = h("input", { value: initial === "custom" ? roles.join(", ") : "", autocomplete: "off", spellcheck: "false" });
    const namesField = field("Names of the roles", names, { hint: "Roles of ClickHouse, separated by commas. They have to exist." });
    const radio = (value, text, hint) => {
        const id = uniqueID("choice");
        const input = h("input", { type: "radio", name, id, value, checked: initial === value,
            disabled: value !== "read" && !mayGrant && initial !== value, onchange: show });
        return h("div", { class: "choice" }, input, h("div", {}, h("label", { for: id }, text), h("div", { class: "muted small" }, hint)));
    };
    const node = group("Database role", h("div", { class: "stack" },
        radio("read", "Read only", "Runs may read every table, and change nothing."),
        radio("full", "Full access", "Runs may do everything, also write and drop."),
        radio("custom", "Custom roles", "Runs have the rights of roles of your own."), namesField), {
        path: "roles", hint: mayGrant ? null : "Your key may only give Read only: the others need the permission to manage the service.",
    });
    const chosen = () => node.querySelector("input[type=radio]:checked")?.value;
    function show() { namesField.hidden = chosen() !== "custom"; }
    show();
    node.value = () => ({ read: [readOnly], full: [full] }[chosen()] ?? split(names.value));
    return node;
}

/** Origins, one on each line; `value()`: an array. */
export function originsField(origins = []) {
    const input = h("textarea", { rows: 3, value: origins.join("\n"), spellcheck: "false", autocapitalize: "off",
        placeholder: "https://app.example.com" });
    const node = field("Allowed origins", input, {
        path: "allowedOrigins", optional: true,
        hint: "Web pages that may call from a browser, one on each line: https://app.example.com, example.org, or * for all. "
            + "Other programs are not concerned.",
    });
    node.value = () => split(input.value);
    return node;
}

/** The parts of a text between commas and line ends, without blanks and empty ones. */
export function split(text) {
    return text.split(/[\n,]/).map((one) => one.trim()).filter(Boolean);
}
