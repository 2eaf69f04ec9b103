// Tab: facts of the pipe and what flows now.
import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { href } from "../../core/router.js";
import { count } from "../../core/format.js";
import { timeText } from "../../components/time.js";
import { isDatabase, kindOf, pipeKind, sourceText, targets } from "../kinds.js";
import { advice, isFailed } from "../state.js";
import { flowCharts } from "./charts.js";
import { logLine } from "./log.js";

const fact = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", { class: "break" }, ...value));

function facts(pipe) {
    const kind = pipeKind(pipe);
    const source = pipe.source?.[kind] ?? {};
    const all = targets(pipe);
    const engine = pipe.destination?.tableDefinition?.engine?.type;
    const mode = { cdc: "Snapshot, then every change", snapshot: "Snapshot only", cdc_only: "Changes only" }[source.settings?.replicationMode];
    return h("div", { class: "grid ends-grid" },
        h("section", { class: "card" }, h("h2", {}, "Source"), h("dl", { class: "facts" },
            fact("Kind", kindOf(kind).title, source.type && source.type !== kind ? ` (${source.type})` : ""),
                fact("Reads", h("span", { class: "mono" }, sourceText(pipe))),
            source.brokers ? fact("Brokers", h("span", { class: "mono" }, source.brokers)) : null,
            source.format ? fact("Format", source.format) : null, mode ? fact("Mode", mode) : null,
            kind === "objectStorage" ? fact("New files", source.isContinuous ? "are loaded as they come" : "are not loaded") : null,
            source.consumerGroup ? fact("Consumer group", h("span", { class: "mono" }, source.consumerGroup)) : null,
            fact("Authentication", source.authentication ?? "none"))),
        h("section", { class: "card" }, h("h2", {}, "Target"), h("dl", { class: "facts" },
            fact(all.length > 1 ? "Tables" : "Table", ...all.slice(0, 8).map((one) => h("div", { class: "mono" }, one)),
                all.length > 8 ? `and ${all.length - 8} more` : ""),
            pipe.destination?.columns ? fact("Columns", count(pipe.destination.columns.length)) : null, engine ? fact("Engine", engine) : null,
            pipe.destination?.tableDefinition?.sortingKey?.length
                ? fact("Sorting key", h("span", { class: "mono" }, pipe.destination.tableDefinition.sortingKey.join(", "))) : null,
            pipe.scaling ? fact("Size", `${pipe.scaling.replicas} × ${pipe.scaling.replicaMemoryGb} GiB`) : isDatabase(kind)
                ? fact("Size", "shared by the database pipes") : null,
            fact("Created", timeText(pipe.createdAt)))));
}

export function overview(view, signal) {
    const place = h("div", {}, facts(view.pipe));
    const next = h("p", { class: "muted messages" });
    const lastLines = h("div", { class: "messages" });
    let shown = JSON.stringify({ ...view.pipe, state: null, stateMessage: null, updatedAt: null });
    const showNext = (pipe) => { next.textContent = pipe.stateMessage || isFailed(pipe.state) ? "" : advice(pipe) ?? ""; };
    let failed = null;
    const showFailure = (pipe) => {
        failed = isFailed(pipe.state);
        if (failed) showLastErrors(view, lastLines, signal);
        else lastLines.replaceChildren();
    };
    view.watch((pipe) => {
        showNext(pipe);
        if (isFailed(pipe.state) !== failed) showFailure(pipe);
        const text = JSON.stringify({ ...pipe, state: null, stateMessage: null, updatedAt: null });
        if (text !== shown) { shown = text; place.replaceChildren(facts(pipe)); }
    }, signal);
    showNext(view.pipe);
    showFailure(view.pipe);
    return h("div", { class: "stack wide" }, next, lastLines, flowCharts(view, signal), place);
}

/** The newest errors of the log stand on the first page of a failed pipe. */
async function showLastErrors(view, place, signal) {
    try {
        const lines = await get(`${view.path}/log?limit=3&level=error`, { signal });
        if (lines.length && isFailed(view.pipe.state)) {
            place.replaceChildren(h("section", { class: "card stack" }, h("h2", {}, "Last errors of the log"),
                h("div", { class: "log-lines" }, lines.map(logLine)),
                h("div", {}, h("a", { href: href(`/pipes/${view.pipe.id}`, { tab: "log" }),
                    onclick: (event) => { event.preventDefault(); view.choose("log"); } }, "The whole log"))));
        }
    } catch (error) { if (error.name !== "AbortError") console.warn(error.message); }
}
