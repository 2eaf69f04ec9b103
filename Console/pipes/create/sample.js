// Step: reaches the source and reads what fields its rows have.
import { h, replace } from "../../core/dom.js";
import { post } from "../../core/api.js";
import { servicePath } from "../../core/session.js";
import { count } from "../../core/format.js";
import { button } from "../../components/button.js";
import { notice } from "../../components/notice.js";
import { problemsOf } from "../problems.js";
import { sourceBody } from "./draft.js";

export function sampleStep(wizard) {
    const { draft, service } = wizard;
    const outcome = h("div", { class: "stack sample", "aria-live": "polite" });
    const test = button("Test connection and read a sample", () => run(), { symbol: "play", kind: "primary" });

    async function run() {
        replace(outcome, h("p", { class: "muted" }, "Reaching the source…"));
        const started = performance.now();
        const kind = draft.kind;
        draft.stale = false;
        // What is changed while the source answers makes the answer one about something else.
        const isOver = () => draft.kind !== kind || draft.stale;
        try {
            const found = await post(servicePath(service, "/clickpipes/schemaDiscovery"), { source: sourceBody(draft) }, { signal: wizard.signal });
            if (isOver()) return;
            draft.discovered = found.fields;
            showFound(performance.now() - started, found.meta?.examples);
        } catch (error) {
            if (error.name === "AbortError" || isOver()) return;
            draft.discovered = null;
            const { problems, rest } = problemsOf(error);
            const texts = [...problems.map((one) => `${one.field} ${one.message}`), ...rest];
            const told = { problems: problems.length ? problems : [{ field: "source", message: error.message }], rest: [] };
            const unbuilt = /no connector for/.test(error.message);
            replace(outcome, notice(h("strong", {}, unbuilt ? "This build cannot run this kind of source" : "The source did not answer as hoped"),
                unbuilt ? "warn" : "bad",
                ...texts.map((text) => h("div", { class: "break", dataset: { test: "sample-problem" } }, text)),
                h("div", { class: "row" }, 
                    unbuilt ? null : button("Correct the connection", () => wizard.refused(told, "The test failed"), { small: true }),
                    h("span", { class: "small" }, "Or go on and write the columns by hand."))));
        }
    }

    function showFound(milliseconds, problem) {
        const rows = draft.discovered.map((one) => h("tr", {}, h("th", { scope: "row", class: "mono break" }, one.name),
            h("td", { class: "mono break" }, one.type),
            h("td", {}, one.optional ? "may be missing" : "always there"),
            h("td", { class: "break", dataset: { test: "examples" } }, examplesOf(one))));
        replace(outcome,
            notice(["The source answers: ", count(draft.discovered.length), draft.discovered.length === 1 ? " field" : " fields",
                ` after ${count(Math.round(milliseconds))} ms.`], "good"),
            problem ? notice(`Its values could not be read: ${problem}`, "warn") : null,
            h("div", { class: "table-frame sample-table", tabindex: "0", role: "region", "aria-label": "Fields of the sample" },
                h("table", { class: "data" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Field"), h("th", { scope: "col" }, "Type"),
                    h("th", { scope: "col" }, "Presence"), h("th", { scope: "col" }, "First values"))), h("tbody", {}, rows))));
    }

    /** Values of the first rows, one below the other. */
    function examplesOf({ examples = [] }) {
        return examples.map((value) => h("div", { class: value === null ? "muted small" : "mono small" }, value ?? "NULL"));
    }

    return {
        element: h("div", { class: "stack" },
            h("p", { class: "muted" },
                "Penstock reaches the source with these credentials and reads a few rows of it. Nothing is written and nothing is stored."),
            h("div", { class: "row" }, test), outcome),
        enter() {
            if (draft.stale) { draft.discovered = null; draft.stale = false; replace(outcome); }
            test.lastChild.textContent = draft.discovered ? "Test again" : "Test connection and read a sample";
        },
    };
}
