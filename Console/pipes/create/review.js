// Step: what is going to be sent, as JSON and as a curl line; then it is sent.
import { h, replace } from "../../core/dom.js";
import { post } from "../../core/api.js";
import { servicePath } from "../../core/session.js";
import { button } from "../../components/button.js";
import { codeBlock, copyText } from "../../components/code.js";
import { isDatabase, kindOf, mappingSource } from "../kinds.js";
import { problemsOf } from "../problems.js";
import { curlLine } from "../curl.js";
import { requestBody } from "./draft.js";

export function reviewStep(wizard) {
    const { draft, service } = wizard;
    const path = servicePath(service, "/clickpipes");
    const place = h("div", { class: "stack wide" });
    const create = button("Create the pipe", async () => {
        try {
            wizard.created(await post(path, requestBody(draft)));
        } catch (error) { wizard.refused(problemsOf(error)); }
    }, { kind: "primary" });

    const fact = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", { class: "break" }, ...value));
    function facts(body) {
        const source = body.source[draft.kind];
        const mappings = source.tableMappings ?? [];
        return h("dl", { class: "facts" }, fact("Name", body.name), fact("Source", kindOf(draft.kind).title),
            isDatabase(draft.kind)
                ? fact("Tables", mappings.map((one) => `${mappingSource(one)} → ${body.destination.database}.${one.targetTable}`).join(", "))
                : [fact("Target", `${body.destination.database}.${body.destination.table}`, 
                    body.destination.managedTable ? ", made by the pipe" : ", which exists"),
                    fact("Columns", body.destination.columns.length)],
            fact("Starts", draft.startPaused ? "when you start it" : "at once"));
    }

    return {
        element: place,
        enter() {
            const shown = requestBody(draft, { hideSecrets: true });
            const both = [["Request body", () => JSON.stringify(requestBody(draft), null, 2), JSON.stringify(shown, null, 2), "application/json"],
                ["As a curl line", () => curlLine("POST", path, requestBody(draft)), curlLine("POST", path, shown), "text/x-sh"]];
            replace(place, h("p", { class: "muted" },
                "Both ends are tested before the pipe is stored. Secrets are dots here; the copy button copies what you see."), facts(shown),
                both.map(([title, full, text, mode]) => h("section", { class: "stack" }, h("div", { class: "row apart" }, h("h3", {}, title),
                    button("Copy with secrets", () => copyText(full()), { small: true, symbol: "copy",
                        attributes: { "aria-label": `Copy with secrets: ${title}` } })), codeBlock(text, { mode, label: title }))),
                h("div", { class: "row" }, create));
        },
    };
}
