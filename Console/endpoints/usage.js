// How an endpoint is used: figures, charts, callers and last calls of a span.
import { h, replace } from "../core/dom.js";
import { get, query } from "../core/api.js";
import { listen } from "../core/events.js";
import { bytes, count, duration, percent, short } from "../core/format.js";
import { can, permissions, servicePath } from "../core/session.js";
import { button } from "../components/button.js";
import { timeChart } from "../components/chart.js";
import { select } from "../components/field.js";
import { notice } from "../components/notice.js";
import { dataTable } from "../components/table.js";
import { timeText } from "../components/time.js";
import { allKeys } from "../keys/data.js";
import { callsTable } from "./calls.js";

const spans = [["1h", "Last hour", 3600], ["24h", "Last 24 hours", 86400], ["7d", "Last 7 days", 7 * 86400]];
const wordsOfClass = {
    caller: "wrong request", permission: "permission", limit: "limit", upstream: "ClickHouse or Penstock", timeout: "timeout",
    cancelled: "caller left", midstream: "broken off",
};

/** Where the use of an endpoint is told; `id` is what the live counts call it. */
export const usageOf = (service, endpointID) => ({ path: servicePath(service, `/query-api-endpoints/${endpointID}`), id: endpointID });

/** The panel: `{ path, id }` of `usageOf`, or of the route for any SQL. It follows the live counts until the signal is aborted. */
export function usagePanel({ path, id }, signal) {
    const span = select(spans.map(([value, text]) => ({ value, text })), "1h", { "aria-label": "Span", onchange: () => refresh() });
    const figures = h("div", { class: "totals", role: "group", "aria-label": "Totals" });
    const classes = h("p", { class: "muted small", "aria-live": "polite" });
    const problem = h("div");
    const options = { signal, height: 150 };
    const charts = {
        requests: timeChart("Requests", [{ key: "answered", title: "Answered", color: 1 }, { key: "errors", title: "Errors", color: 4 }],
            { ...options, kind: "bar", stacked: true, format: short, whole: true }),
        errorRate: timeChart("Error rate", [{ key: "errorRate", title: "Errors by requests", color: 4 }], { ...options, format: percent, most: 1 }),
        duration: timeChart("Duration", [{ key: "p50", title: "p50" }, { key: "p95", title: "p95" }, { key: "p99", title: "p99" }],
            { ...options, format: duration }),
        rows: timeChart("Rows", [{ key: "readRows", title: "Read", color: 6 }, { key: "resultRows", title: "Answered", color: 1 }],
            { ...options, format: short }),
        bytes: timeChart("Bytes", [{ key: "readBytes", title: "Read", color: 6 }, { key: "resultBytes", title: "Answered", color: 1 }],
            { ...options, format: bytes }),
        cache: timeChart("Result cache", [{ key: "cacheHits", title: "Hits", color: 5 }, { key: "cacheMisses", title: "Misses", color: 2 }],
            { ...options, kind: "bar", stacked: true, format: short, whole: true }),
    };
    const callers = dataTable("Calls by key", [
        { title: "Caller", cell: (one) => h("span", { class: "break" }, callerName(one)) },
        { title: "Requests", number: true, cell: (one) => count(one.requests) },
        { title: "Error rate", number: true, cell: (one) => percent(one.errorRate) },
        { title: "p50", number: true, cell: (one) => duration(one.durationMs?.p50) },
        { title: "p95", number: true, cell: (one) => duration(one.durationMs?.p95) },
        { title: "Rows", number: true, cell: (one) => count(rowsOf(one)) }, { title: "Bytes", number: true, cell: (one) => bytes(one.resultBytes) },
        { title: "Last call", cell: (one) => timeText(one.lastCallAt, { relative: true }) },
    ], { key: (one) => one.apiKeyId ?? `t:${one.tokenSubject}` });
    const noCallers = h("p", { class: "muted" }, "No calls in this span.");
    const names = new Map();
    const calls = callsTable(path, (call) => names.get(call.apiKeyId) ?? null, signal);
    // The callers of a span name only their own keys, and the last calls may be older than it.
    if (can(permissions.viewKeys)) allKeys(signal).then((keys) => {
        for (const key of keys) names.set(key.id, key.name);
        calls.rename();
    }, () => { /* then the keys of the span's callers have names, and no others */ });

    let asked = 0, again = null;

    async function refresh({ unasked = false } = {}) {
        const mine = ++asked;
        const seconds = spans.find(([value]) => value === span.value)[2];
        try {
            const found = await get(path + "/monitoring" + query({ from: new Date(Date.now() - seconds * 1000).toISOString(), step: seconds / 60 }),
                { signal, unasked });
            if (mine !== asked) return;
            replace(problem);
            show(found);
            await calls.refresh({ unasked });
        } catch (error) {
            if (error.name === "AbortError" || mine !== asked) return;
            replace(problem, notice(error.status === 424 ? "The service is stopped. Its calls are kept on it: start the service to see them."
                : error.message, "bad"));
        }
    }

    function show({ total, steps, callers: found }) {
        const figure = (label, value) => h("div", { class: "figure" }, h("span", { class: "value" }, value), h("span", { class: "label" }, label));
        const cached = total.cacheHits + total.cacheMisses;
        replace(figures, figure("Requests", count(total.requests)), figure("Error rate", total.requests ? percent(total.errorRate) : "–"),
            figure("p50", duration(total.durationMs?.p50)), figure("p95", duration(total.durationMs?.p95)),
            figure("p99", duration(total.durationMs?.p99)),
            figure("Rows read", short(total.readRows)),
            rowsOf(total) === null ? null : figure("Rows answered", short(rowsOf(total))),
            figure("Bytes answered", bytes(total.resultBytes)), cached ? figure("From the cache", percent(total.cacheHits / cached)) : null);
        const failed = Object.entries(total.errorsByClass ?? {}).filter(([, number]) => number > 0);
        const causes = failed.map(([name, number]) => `${wordsOfClass[name] ?? name} ${count(number)}`);
        replace(classes, causes.length ? `Errors by cause: ${causes.join(", ")}.` : "");
        const counted = rowsOf(total) !== null;
        const points = steps.map((step) => ({
            ...step, resultRows: counted ? step.resultRows : null, answered: step.requests - step.errors,
            errorRate: step.requests ? step.errorRate : null,
            p50: step.durationMs?.p50 ?? null, p95: step.durationMs?.p95 ?? null, p99: step.durationMs?.p99 ?? null,
        }));
        for (const chart of Object.values(charts)) chart.update(points);
        charts.cache.hidden = !cached;
        for (const one of found) if (one.apiKeyName) names.set(one.apiKeyId, one.apiKeyName);
        callers.update(found);
        callers.hidden = found.length === 0;
        noCallers.hidden = found.length > 0;
    }

    /** At most once in three seconds, whatever is told in between; not while nobody looks. */
    let missed = false;
    function soon() {
        missed = document.hidden;
        if (again || missed) return;
        again = setTimeout(() => { again = null; if (!signal.aborted) refresh({ unasked: true }); }, 3000);
    }
    let last = null;
    listen("calls", (data) => {
        const number = data.endpoints?.[id];
        if (number === undefined || number === last) return;
        last = number;
        soon();
    }, signal);
    window.addEventListener("endpointcall", (event) => { if (event.detail === id) soon(); }, { signal });
    document.addEventListener("visibilitychange", () => { if (missed) soon(); }, { signal });
    signal.addEventListener("abort", () => clearTimeout(again));
    // The first numbers find their room reserved.
    show({ total: {}, steps: [], callers: [] });
    noCallers.hidden = true;
    refresh();

    return h("div", { class: "stack wide usage" },
        h("div", { class: "row apart" }, h("div", { class: "row" }, span), button("Refresh", () => refresh(), { symbol: "refresh", small: true })),
        problem, figures, classes, h("div", { class: "chart-pairs" }, Object.values(charts)),
        h("section", { class: "stack", "aria-label": "By key" }, h("h3", {}, "By key"), noCallers, callers), calls);
}

/** ClickHouse does not always say how many rows it answered: none beside bytes is unknown. */
export const rowsOf = (one) => one.resultRows === 0 && one.resultBytes > 0 ? null : one.resultRows;

function callerName(one) {
    if (one.tokenSubject !== undefined) return `Token of ${one.tokenSubject}`;
    return one.apiKeyName ?? `Deleted key ${one.apiKeyId}`;
}
