// What flows: figures of now and charts of the last fifteen minutes, from samples and then from the stream.
import { h } from "../../core/dom.js";
import { get } from "../../core/api.js";
import { listen, live } from "../../core/events.js";
import { bytes, count, duration, short } from "../../core/format.js";
import { timeChart } from "../../components/chart.js";
import { rates } from "../live.js";
import { lagText } from "../row.js";

const span = 15 * 60_000;
/** Large numbers without decimals, small ones with one: an axis of a slow pipe has ticks below 1. */
const round = (value) => (Math.abs(value) < 10 ? Math.round(value * 10) / 10 : Math.round(value));
const perSecond = (write) => (value) => `${write(round(value))}/s`;

/** One point of the charts, from two samples. */
function point(before, after) {
    const now = rates(before, after);
    const endToEnd = after.endToEndMs ?? {};
    return {
        time: after.time, rows: now?.sentRows ?? null, fetched: now?.fetchedRows ?? null, bytes: now?.sentBytes ?? null,
            fetchedBytes: now?.fetchedBytes ?? null, batch: now?.batchRows ?? null,
        lag: after.lagItems ?? null, lagBytes: after.lagBytes ?? null, latency: after.latencyMs ?? null, p50: endToEnd.p50 ?? null,
            p99: endToEnd.p99 ?? null,
    };
}

export function flowCharts(view, signal) {
    const { id } = view.pipe;
    let samples = [], points = [];
    const figures = Object.fromEntries(["rows", "bytes", "lag", "latency", "batch", "total",
        "errors"].map((key) => [key, h("span", { class: "value" }, "–")]));
    const figure = (key, label) => h("div", { class: "card figure" }, figures[key], h("span", { class: "label" }, label));
    const charts = [
        timeChart("Rows per second", [{ key: "rows", title: "Written" }, { key: "fetched", title: "Read" }],
            { format: perSecond(short), signal, span: range }),
        timeChart("Bytes per second", [{ key: "bytes", title: "Written" }, { key: "fetchedBytes", title: "Read" }],
            { format: perSecond(bytes), signal, span: range }),
        timeChart("Lag", [{ key: "lag", title: "Rows, messages or files behind", color: 3 }],
            { format: (value) => short(round(value)), signal, span: range }),
        timeChart("Latency", [{ key: "latency", title: "Of a batch", color: 6 }, { key: "p50", title: "End to end p50", color: 1 },
            { key: "p99", title: "p99", color: 4 }], { format: duration, signal, span: range }),
        timeChart("Batch size", [{ key: "batch", title: "Rows of a batch", color: 6 }],
            { format: (value) => `${short(round(value))} rows`, signal, span: range }),
    ];
    figures.errors.title = "Since Penstock was started";
    figures.latency.title = "p99 from end to end, or the mean of a batch where the source does not say when a row was made";
    const none = h("p", { class: "muted", hidden: true }, "Nothing has flowed in the last 15 minutes. Charts fill while the pipe works.");

    /** The axis shows two, five or fifteen minutes: a new pipe is no spike at the edge, and the axis does not stretch with every point. */
    function range() {
        const end = points.at(-1)?.time ?? Date.now();
        const known = end - (points[0]?.time ?? end);
        return [end - ([120_000, 300_000].find((one) => known <= one) ?? span), end];
    }

    function add(sample) {
        const before = samples.at(-1);
        if (!sample || (before && sample.time <= before.time)) return;
        samples.push(sample);
        if (before) points.push(point(before, sample));
        const from = sample.time - span;
        while (samples.length > 2 && samples[0].time < from) samples.shift();
        while (points.length && points[0].time < from) points.shift();
    }

    const put = (key, text) => { if (figures[key].textContent !== text) figures[key].textContent = text; };
    function show() {
        const last = points.at(-1), sample = samples.at(-1);
        const batch = points.findLast((one) => one.batch !== null)?.batch;
        put("rows", last?.rows === null || !last ? "–" : `${short(Math.round(last.rows))}/s`);
        put("bytes", last?.bytes === null || !last ? "–" : `${bytes(Math.round(last.bytes))}/s`);
        put("lag", lagText(sample));
        put("latency", duration(sample?.endToEndMs?.p99 ?? sample?.latencyMs ?? null));
        put("batch", batch === undefined || batch === null ? "–" : short(round(batch)));
        put("total", sample ? short(sample.sentRows) : "–");
        figures.total.title = sample ? `${count(sample.sentRows)} since Penstock was started` : "";
        put("errors", sample ? count(sample.errors) : "–");
        none.hidden = samples.length > 1;
        for (const chart of charts) chart.update(points);
    }

    get(`${view.path}/samples`, { signal }).catch(() => []).then((known) => {
        if (signal.aborted) return;
        const newer = samples;
        samples = [];
        points = [];
        const all = [...(Array.isArray(known) ? known : []), live.pipes.get(id)?.sample, ...newer].filter(Boolean);
        // A pipe begins at zero: without this, what it does in its first seconds would be in no rate.
        const made = Date.parse(view.pipe.createdAt);
        if (all.length && all[0].time > made && all[0].time - made < 10_000) add({ time: made, fetchedRows: 0, fetchedBytes: 0, sentRows: 0,
            sentBytes: 0, batches: 0 });
        for (const sample of all) add(sample);
        show();
    });
    listen("pipes", (data) => {
        const told = data.pipes.find((one) => one.id === id);
        if (!told?.sample) return;
        add(told.sample);
        show();
    }, signal);

    return h("div", { class: "stack wide" },
        h("section", { class: "figures", "aria-label": "Now" }, figure("rows", "Rows now"), figure("bytes", "Bytes now"), figure("lag", "Behind"),
            figure("latency", "Latency"),
            figure("batch", "Rows of a batch"), figure("total", "Rows so far"), figure("errors", "Errors so far")),
        none, h("section", { class: "charts", "aria-label": "Last 15 minutes" }, charts.map((chart) => h("div", { class: "card" }, chart))));
}
