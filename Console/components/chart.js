// Charts over time. Chart.js draws them; where it is not installed, and for whoever cannot see them, the same numbers stand as text.
import { h, replace } from "../core/dom.js";
import { chartJS } from "../core/libraries.js";
import { instant, short, time as timeWords, utc } from "../core/format.js";

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
    604800].map((seconds) => seconds * 1000);

/**
 * A chart over time: a `figure` with the method `update(points)`.
 *
 * - label: what is shown, the figure's caption. - series: `[{ key, title, color }]`; colours are numbers of `--chart-…`, by default in order.
 * - points: `[{ time, [key]: number|null }]`, oldest first; `time` is what `instant` takes. Null leaves a gap.
 * - format(value): writes a value with its unit. - kind: "line" or "bar". - stacked: series add up. - height: pixels, reserved at once.
 * - whole: no marks between whole numbers. - most: end of the value axis.
 * - span: `() => [from, to]` in milliseconds, where the axis is to show more than the points. - signal: ends the chart.
 */
export function timeChart(label, series,
    { format, unit = "", kind = "line", stacked = false, height = 180, span = null, whole = false, most, signal } = {}) {
    const write = format ?? ((value) => short(value) + (unit ? ` ${unit}` : ""));
    const said = (value) => value === null || value === undefined || Number.isNaN(value) ? "–" : write(value);
    const canvas = h("canvas", { role: "img", "aria-label": label });
    const legend = h("div", { class: "chart-legend" });
    const frame = h("div", { class: "chart-frame" }, canvas);
    frame.style.height = `${height}px`;
    const table = h("div");
    const numbers = h("details", { class: "chart-numbers" }, h("summary", {}, "Numbers", h("span", { class: "visually-hidden" }, ` of ${label}`)),
        table);
    numbers.addEventListener("toggle", () => { if (numbers.open) showNumbers(); });
    const node = h("figure", { class: "chart" }, h("figcaption", { class: "chart-title" }, label), legend, frame, numbers);
    const known = series.map((one, index) => ({ ...one, color: one.color ?? index + 1 }));
    const latest = new Map(known.map((one) => [one.key, h("span", { class: "chart-latest" }, "–")]));
    replace(legend, known.map((one) => h("span", { class: "chart-entry" }, h("span", { class: `chart-swatch chart-color-${one.color}` }),
        h("span", {}, one.title), latest.get(one.key))));

    let points = [], chart = null, dead = false;

    function showNumbers() {
        const rows = points.slice(-200).reverse().map((point) => h("tr", {},
            h("th", { scope: "row", title: utc(point.time) }, timeWords(point.time)),
            known.map((one) => h("td", { class: "number" }, said(point[one.key])))));
        replace(table, h("div", { class: "table-frame chart-table", tabindex: "0", role: "region", "aria-label": `Numbers of ${label}` },
            h("table", { class: "data" },
                h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Time"),
                known.map((one) => h("th", { scope: "col", class: "number" }, one.title)))), h("tbody", {}, rows))));
    }

    function describe() {
        const parts = known.map((one) => {
            const values = points.map((point) => point[one.key]).filter((value) => value !== null && value !== undefined && !Number.isNaN(value));
            const last = values.at(-1);
            const text = said(last);
            if (latest.get(one.key).textContent !== text) latest.get(one.key).textContent = text;
            if (values.length === 0) return `${one.title}: no values`;
            const least = values.reduce((a, b) => Math.min(a, b)), greatest = values.reduce((a, b) => Math.max(a, b));
            return `${one.title}: last ${text}, least ${said(least)}, most ${said(greatest)}`;
        });
        canvas.setAttribute("aria-label", `${label}. ${parts.join(". ")}`);
    }

    function fill() {
        known.forEach((one, index) => {
            chart.data.datasets[index].data = points.map((point) => ({ x: instant(point.time)?.getTime(), y: point[one.key] ?? null }));
        });
        const ends = [points[0], points.at(-1)].map((point) => instant(point?.time)?.getTime());
        const [from, to] = span?.() ?? ends;
        // Bars stand on their time: half of one is let in at both ends.
        const half = kind === "bar" && points.length > 1 ? (ends[1] - ends[0]) / (points.length - 1) / 2 : 0;
        Object.assign(chart.options.scales.x, { min: from - half, max: to + half });
        chart.update("none");
    }

    function paint() {
        const style = getComputedStyle(document.documentElement);
        const color = (name) => style.getPropertyValue(name).trim();
        known.forEach((one, index) => {
            const own = color(`--chart-${one.color}`);
            Object.assign(chart.data.datasets[index],
                { borderColor: own, backgroundColor: kind === "bar" ? own : faint(own), pointBackgroundColor: own });
        });
        for (const axis of Object.values(chart.options.scales)) {
            axis.ticks.color = color("--muted");
            axis.grid.color = color("--line");
            axis.grid.borderColor = color("--line");
        }
        Object.assign(chart.options.plugins.tooltip,
            { backgroundColor: color("--raised"), titleColor: color("--text"), bodyColor: color("--text"), borderColor: color("--edge") });
        chart.options.font = { family: style.getPropertyValue("--font").trim() };
        chart.update();
    }

    chartJS().then((Chart) => {
        if (dead) return;
        chart = new Chart(canvas, {
            type: kind,
            data: { datasets: known.map((one) => ({
                label: one.title, data: [], clip: 6, borderWidth: kind === "bar" ? 0 : 1.8, pointRadius: lone, pointHitRadius: 12,
                pointHoverRadius: 4,
                tension: 0, fill: stacked && kind === "line", spanGaps: false, barPercentage: 1, categoryPercentage: 0.9,
            })) },
            options: {
                animation: false, responsive: true, maintainAspectRatio: false, normalized: true,
                events: ["mousemove", "mouseout", "touchstart", "touchmove"],
                interaction: { mode: "nearest", axis: "x", intersect: false }, locale: "en",
                plugins: {
                    legend: { display: false }, decimation: { enabled: false },
                    tooltip: { borderWidth: 1,
                        callbacks: { title: (items) => items.length ? timeWords(items[0].parsed.x) : "",
                        label: (item) => `${item.dataset.label}: ${said(item.parsed.y)}` } },
                },
                scales: {
                    x: { type: "linear", offset: false, stacked, grid: { display: false }, afterBuildTicks: roundTimes,
                        ticks: { maxRotation: 0, autoSkip: false, callback: (value, index, all) => clock(value, all) } },
                    y: { beginAtZero: true, stacked, max: most, grace: most === undefined ? "5%" : 0,
                        ticks: { maxTicksLimit: 5, precision: whole ? 0 : undefined, callback: (value) => format ? said(value) : short(value) },
                    grid: {} },
                },
            },
        });
        paint();
        fill();
        window.addEventListener("themechange", paint);
        media.addEventListener("change", paint);
    }, () => {
        // Not installed: the numbers stand open in place of the drawing.
        frame.remove();
        numbers.open = true;
    });

    const media = matchMedia("(prefers-color-scheme: dark)");
    const end = () => {
        dead = true;
        window.removeEventListener("themechange", paint);
        media.removeEventListener("change", paint);
        chart?.destroy();
        chart = null;
    };
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });

    node.update = (next) => {
        points = next;
        describe();
        if (chart) fill();
        if (numbers.open) showNumbers();
        return node;
    };
    return node;
}

/** The colour at an eighth of its strength; colours of the tokens are `#rrggbb`. */
function faint(color) {
    return /^#[0-9a-f]{6}$/i.test(color) ? `${color}33` : color;
}

/** A value between two gaps is no line, so it gets a point. */
function lone({ dataset, dataIndex }) {
    const at = (index) => dataset.data[index]?.y ?? null;
    return at(dataIndex) !== null && at(dataIndex - 1) === null && at(dataIndex + 1) === null ? 3 : 0;
}

/** Marks at round times of the reader's zone, about six of them. */
function roundTimes(axis) {
    const width = axis.max - axis.min;
    // Without points the axis runs from 0 to 1, which is no time.
    if (!(axis.min > 1e11) || !(width > 0)) {
        axis.ticks = [];
        return;
    }
    const wanted = Math.max(2, Math.min(6, Math.floor((axis.maxWidth || 400) / 90)));
    const step = steps.find((one) => width / one <= wanted) ?? steps.at(-1);
    const shift = new Date(axis.min).getTimezoneOffset() * 60_000;
    const ticks = [];
    for (let value = Math.ceil((axis.min - shift) / step) * step + shift; value <= axis.max; value += step) ticks.push({ value });
    axis.ticks = ticks;
}

const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

function clock(value, all) {
    const step = all.length > 1 ? all[1].value - all[0].value : 3_600_000;
    return (step < 60_000 ? exact : step < 86_400_000 ? hours : date).format(value);
}
