// The form of an endpoint: to publish a query, and to change what is published.
import { h, replace } from "../core/dom.js";
import { can, permissions } from "../core/session.js";
import { field, showProblems } from "../components/field.js";
import { notice } from "../components/notice.js";
import { keyPicker } from "../keys/picker.js";
import { originsField, roleField } from "./access.js";
import { answerFields, limitFields, tokensField } from "./bounds.js";
import { sqlField } from "./sqlfield.js";
import { example, parametersOf, urlText } from "./parameters.js";

/**
 * The form's element with `body()`, `send(work)` and `made`. Options: the endpoint's (or query's) present values; keys of the
 * organization; withSQL: whether the SQL can be written here.
 *
 * `send(work)` calls `work(body)` and shows what the server finds wrong beside the fields; it answers `work`'s result, undefined on problems.
 */
export function endpointForm(values, { keys, service, withSQL = false, isNew = true }) {
    const name = h("input", { value: values.name ?? "", maxlength: 255, autocomplete: "off", autofocus: isNew });
    const database = h("input", { value: values.database ?? "default", maxlength: 255, autocomplete: "off", spellcheck: "false" });
    const sql = withSQL ? sqlField(values.sql ?? "", { context: () => ({ service, database: database.value.trim() }), changed: showDefaults })
        : { text: () => values.sql };
    const picker = keyPicker(keys, {
        chosen: values.apiKeyIds ?? [], name: values.name ? `${values.name} caller`.slice(0, 256) : "",
        hint: "Only calls with one of these keys are answered.",
    });
    const role = roleField(values.roles, { mayGrant: can(permissions.manageService, service) });
    const origins = originsField(values.allowedOrigins);
    const limit = limitFields(values.limits);
    const answer = answerFields(values);
    const tokens = tokensField(values.tokens);
    const problems = h("div", { "aria-live": "polite" });
    const defaults = h("div", { class: "stack" });
    const written = new Map(Object.entries(values.parameters ?? {}));

    function showDefaults() {
        const parameters = parametersOf(sql.text());
        replace(defaults, parameters.length ? [
            h("h3", {}, "Defaults of parameters"),
            h("p", { class: "muted small" }, "A call that leaves a parameter out gets its default; without one it has to send the parameter."),
            h("div", { class: "grid" }, parameters.map(({ name: parameter, type }) => {
                const input = h("input", {
                    value: written.get(parameter) ?? "", placeholder: `none; for example ${urlText(example(parameter, type))}`, autocomplete: "off",
                    spellcheck: "false",
                    oninput: () => { if (input.value === "") written.delete(parameter); else written.set(parameter, input.value); },
                });
                return field(h("span", {}, parameter, " ", h("code", { class: "muted" }, type)), input, { path: `parameters.${parameter}` });
            })),
        ] : null);
    }

    const part = (title, content, open = false) => h("details", { class: "part", open }, h("summary", {}, title), content);
    const holds = (object) => Object.keys(object ?? {}).some((key) => key !== "settings" || object.settings.length);
    const node = h("form", { class: "stack wide endpoint-form", novalidate: true, onsubmit: (event) => event.preventDefault() },
        field("Name", name, { path: "name" }),
        withSQL ? [sql, field("Database", database, { path: "database" })] : null,
        picker, role, origins, defaults,
        part("Answers and cache", answer, !isNew),
        part("Limits", limit, holds(values.limits)),
        part("Tokens", tokens, Boolean(values.tokens)),
        problems);
    showDefaults();

    node.body = () => {
        const shown = new Set(parametersOf(sql.text()).map((one) => one.name));
        const body = {
            name: name.value.trim(), sql: sql.text(), database: database.value.trim(), apiKeyIds: picker.value(), roles: role.value(),
            allowedOrigins: origins.value(),
            parameters: Object.fromEntries([...written].filter(([key]) => shown.has(key))), ...answer.value(), limits: limit.value(),
            tokens: tokens.value(),
        };
        // In a PUT null takes a value away; a POST just leaves it out.
        return isNew ? Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null)) : body;
    };
    node.made = picker.made;

    node.send = async (work) => {
        replace(problems);
        let body;
        try {
            body = node.body();
        } catch (error) {
            openAround(error.message);
            return undefined;
        }
        if (body.apiKeyIds.length === 0) {
            picker.problem("Choose at least one key, or create one.");
            picker.querySelector("input, button")?.focus();
            return undefined;
        }
        try {
            return await work(body);
        } catch (error) {
            if (error.name !== "ApiError") throw error;
            const rest = showProblems(node, error);
            openAround();
            const first = [...node.querySelectorAll(".problem")].find((one) => one.textContent)?.closest(".field");
            first?.scrollIntoView({ block: "center" });
            first?.querySelector(".CodeMirror-code")?.focus();
            if (!withSQL) rest.forEach((text, index) => { rest[index] = text.replace(/^sql /, "The SQL: "); });
            if (rest.length) {
                replace(problems, notice(rest.join("; "), "bad"));
                problems.scrollIntoView({ block: "nearest" });
            }
            return undefined;
        }
    };

    /** A problem must not hide in a part that is closed. */
    function openAround(text) {
        for (const one of node.querySelectorAll(".problem")) if (one.textContent) one.closest("details")?.setAttribute("open", "");
        if (text) replace(problems, notice(text, "bad"));
    }
    return node;
}
