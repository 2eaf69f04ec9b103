// A result as a picture. Axes are chosen by the columns' types and can be changed.
import { h, replace } from "../../core/dom.js";
import { count, instant } from "../../core/format.js";
import { chartJS } from "../../core/libraries.js";
import { choice, field, select } from "../../components/field.js";
import { notice } from "../../components/notice.js";
import { isNumeric, isTime } from "../types.js";

// Of bars and slices the first rows are drawn, as queries put what matters first; of lines and points rows from all over.
const limits = { line: 2000, area: 2000, bar: 200, scatter: 5000, pie: 100_000 };
const slices = 12;

/** Kind and axes that suit the columns: time along the bottom, else a text, else the first number; numbers upwards. */
export function suitable(columns) {
    const time = columns.findIndex((one) => isTime(one.type));
    const text = columns.findIndex((one) => !isNumeric(one.type) && !isTime(one.type));
    const numbers = columns.map((one, at) => at).filter((at) => isNumeric(columns[at].type));
    if (time >= 0) return { kind: "line", x: time, y: numbers.slice(0, 1) };
    if (text >= 0) return { kind: "bar", x: text, y: numbers.slice(0, 1) };
    return { kind: numbers.length > 1 ? "line" : "bar", x: numbers[0] ?? 0,
        y: numbers.slice(1, 2).length ? numbers.slice(1, 2) : numbers.slice(0, 1) };
}

/** The chart view; the signal is aborted when it is left. `chosen` is kept by the caller between views. */
export function chartView(result, chosen, signal) {
    const { columns } = result;
    Object.assign(chosen, { ...suitable(columns), title: "", ...chosen });
    const numbers = columns.map((one, at) => at).filter((at) => isNumeric(columns[at].type));
    if (!numbers.length) return notice("A chart needs a column of numbers, and this result has none. Add one to the query, such as count().", "info");
    const named = (at) => ({ value: String(at), text: columns[at].name });
    const kinds = ["Line", "Area", "Bar", "Scatter", "Pie"].map((text) => ({ value: text.toLowerCase(), text }));
    const kind = select(kinds, chosen.kind, { onchange: () => { chosen.kind = kind.value; draw(); } });
    const x = select(columns.map((_, at) => named(at)), String(chosen.x), { onchange: () => { chosen.x = Number(x.value); draw(); } });
    const y = select(numbers.map(named), String(chosen.y[0]), { onchange: () => { chosen.y = [Number(y.value), ...chosen.y.slice(1)]; draw(); } });
    const second = select([{ value: "", text: "None" }, ...numbers.map(named)], chosen.y[1] === undefined ? "" : String(chosen.y[1]), {
        onchange: () => { chosen.y = [chosen.y[0], ...second.value === "" ? [] : [Number(second.value)]]; draw(); },
    });
    const title = h("input", { value: chosen.title, autocomplete: "off", oninput: () => { chosen.title = title.value; draw(); } });
    const scale = choice("Logarithmic",
        { checked: chosen.logarithmic === true, onchange: () => { chosen.logarithmic = scale.input.checked; draw(); } });
    const canvas = h("canvas", { role: "img" });
    const note = h("p", { class: "muted small", role: "status" });
    const frame = h("div", { class: "result-chart" }, canvas);
    let chart = null, turn = 0;

    async function draw() {
        const mine = turn += 1;
        let Chart;
        try { Chart = await chartJS(); } catch {
            replace(frame, notice("Charts need the package libjs-chart.js on the machine where Penstock runs.", "warn"));
            return;
        }
        const limit = limits[chosen.kind];
        const evenly = chosen.kind !== "bar" && chosen.kind !== "pie";
        let { values } = await result.reader.ask("values",
            { columns: chosen.kind === "pie" ? [chosen.x, chosen.y[0]] : [chosen.x, ...chosen.y], limit, evenly });
        if (mine !== turn || signal.aborted) return;
        const drawn = values[0].length;
        const notes = drawn < result.rows
            ? [`${evenly ? `${count(drawn)} rows, evenly taken,` : `The first ${count(drawn)}`} of ${count(result.rows)} rows are drawn.`] : [];
        if (chosen.kind === "pie" && drawn > slices) {
            values = largest(values);
            notes.push(`The ${slices - 1} largest have a slice of their own.`);
        }
        replace(note, notes.join(" "));
        chart?.destroy();
        chart = new Chart(canvas, settings(columns, chosen, values));
        const upward = chosen.y.map((at) => columns[at].name).join(" and ");
        const shape = `${kind.selectedOptions[0].text} chart of ${upward} by ${columns[chosen.x].name}`;
        canvas.setAttribute("aria-label", `${shape}. The table has the same numbers.`);
    }
    window.addEventListener("themechange", draw, { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw, { signal });
    signal.addEventListener("abort", () => chart?.destroy());
    requestAnimationFrame(draw);
    return h("div", { class: "chart-view" },
        h("div", { class: "chart-controls" }, field("Chart", kind), field("X axis", x), field("Y axis", y), field("Second series", second), scale,
            field("Title", title)),
        h("div", { class: "grow stack" }, frame, note));
}

const steps = [
    1, 5, 15, 30, 60, 300, 900, 1800, 3600, 10800, 21600, 43200, 86400, 172800, 604800, 1209600, 2592000, 5184000, 7776000, 15552000, 31536000,
]; // seconds

/**
 * A linear axis of milliseconds with marks at even times. They are written as ClickHouse writes them, not in the reader's zone:
 * so they agree with the table.
 */
function timeAxis(axis, times) {
    const known = times.filter(Number.isFinite);
    const [from, to] = known.reduce(([least, most], one) => [Math.min(least, one), Math.max(most, one)], [Infinity, -Infinity]);
    const step = (steps.find((one) => one * 1000 * 9 >= to - from) ?? (to - from) / 9000) * 1000;
    const write = (value) => {
        const text = new Date(value).toISOString();
        if (step >= 2_592_000_000) return text.slice(0, 7);
        if (step >= 86_400_000) return text.slice(0, 10);
        return to - from >= 86_400_000 ? text.slice(0, 16).replace("T", " ") : text.slice(11, step < 60_000 ? 19 : 16);
    };
    return { ...axis, min: from, max: to, ticks: { ...axis.ticks, stepSize: step, callback: write } };
}

/** The largest values, and the sum of all others. */
function largest([names, values]) {
    const sorted = values.map((value, at) => [names[at], Number(value) || 0]).sort((a, b) => b[1] - a[1]);
    const others = sorted.slice(slices - 1).reduce((sum, [, value]) => sum + value, 0);
    const shown = [...sorted.slice(0, slices - 1), ["All others", others]];
    return [shown.map(([name]) => name), shown.map(([, value]) => value)];
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function settings(columns, { kind, x, y, title, logarithmic }, values) {
    const text = colour("--text"), muted = colour("--muted"), line = colour("--line");
    const hues = [1, 2, 3, 4, 5, 6].map((one) => colour(`--chart-${one}`));
    const [along, ...series] = values;
    const timed = isTime(columns[x].type);
    const place = timed ? (value) => instant(value)?.getTime() ?? NaN : (value) => value === null ? NaN : Number(value);
    // Numbers and times stand where their value says; everything else, and bars, one beside the other.
    const points = kind !== "bar" && kind !== "pie" && (kind === "scatter" || timed || isNumeric(columns[x].type));
    const data = {
        labels: points ? undefined : along.map((one) => one ?? "NULL"),
        datasets: series.map((one, at) => ({
            label: columns[y[at]].name, ...at && kind !== "pie" ? { yAxisID: "second" } : {},
            data: one.map((value, row) => {
                const height = value === null ? NaN : Number(value);
                return points ? { x: place(along[row]), y: height } : height;
            }),
            borderColor: kind === "pie" ? colour("--surface") : hues[at],
            backgroundColor: kind === "pie" ? one.map((_, row) => hues[row % hues.length] + (row < hues.length ? "" : "88"))
                : kind === "area" ? `${hues[at]}55` : hues[at],
            fill: kind === "area", borderWidth: kind === "bar" ? 0 : 2, pointRadius: kind === "scatter" ? 3 : one.length > 60 ? 0 : 2,
            pointStyle: at ? "rect" : "circle", borderDash: at ? [6, 4] : [],
        })),
    };
    const axis = (name, type) => ({
        type, title: { display: true, text: name, color: muted }, ticks: { color: muted, maxRotation: 50, autoSkip: true, maxTicksLimit: 16 },
        grid: { color: line },
    });
    const upward = (at) => ({ ...axis(columns[at].name, logarithmic ? "logarithmic" : "linear"), beginAtZero: kind !== "scatter" });
    return {
        type: kind === "area" ? "line" : kind, data,
        options: {
            animation: false, responsive: true, maintainAspectRatio: false, parsing: points ? { xAxisKey: "x", yAxisKey: "y" } : undefined,
            plugins: {
                tooltip: { callbacks: points && timed ? { title: ([one]) => String(along[one.dataIndex]) } : {} },
                legend: { display: kind === "pie" || series.length > 1, labels: { color: text } },
                title: { display: title !== "", text: title, color: text, font: { size: 15 } } },
            scales: kind === "pie" ? {}
                : { x: points && timed ? timeAxis(axis(columns[x].name, "linear"), along.map(place))
                : axis(columns[x].name, points ? "linear" : "category"), y: upward(y[0]),
                // Two columns seldom have the same size: each has an axis of its own.
                ...y.length > 1 ? { second: { ...upward(y[1]), position: "right", grid: { drawOnChartArea: false } } } : {},
            },
        },
    };
}
