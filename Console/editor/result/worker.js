// Holds the rows of one result apart from the page: it reads, sorts and searches, and gives the page only what is in view.
import { Rows } from "./rows.js";
import { commaSeparated, plain, tabSeparated } from "./cells.js";
import { order } from "./order.js";
import { find } from "./find.js";

let rows = null;
let view = null; // the rows' numbers in the order shown; null: as they came
let places = null; // where a row stands in that order, made when a search needs it
let matches = null;
let lastTold = 0;
const newest = { sort: 0, find: 0 };
const longest = 400; // characters of a cell that the table shows

const rowAt = (place) => view && place < view.length ? view[place] : place;

function tell(ended = false) {
    const now = performance.now();
    if (!ended && now - lastTold < 100) return;
    lastTold = now;
    postMessage({ state: { rows: rows.count, bytes: rows.bytes, full: rows.full, ...rows.told } });
}

function shown(raw) {
    if (raw.length > longest * 8) {
        // The begin is enough; half an escape at the cut would be no JSON.
        raw = raw[0] === '"' ? raw.slice(0, longest * 6).replace(/\\u?[0-9a-f]{0,3}$/i, "") + '"' : raw.slice(0, longest + 1);
    }
    const value = plain(raw);
    return value !== null && value.length > longest ? value.slice(0, longest) + "…" : value;
}

const work = {
    window({ from, to }) {
        const cells = [];
        for (let place = from; place < Math.min(to, rows.count); place += 1) cells.push(rows.cells(rowAt(place)).map(shown));
        return { cells };
    },
    cell({ place, column }) {
        const raw = rows.cells(rowAt(place))[column] ?? "null";
        return { value: plain(raw), structured: /^[[{]/.test(raw) };
    },
    async sort({ column, type, descending }) {
        const mine = newest.sort += 1;
        places = null;
        if (column === null) { view = null; arrange(); return {}; }
        const next = await order(rows, column, type, descending, () => mine !== newest.sort);
        if (!next) return { stopped: true };
        view = next;
        arrange();
        return {};
    },
    async find({ text }) {
        const mine = newest.find += 1;
        matches = null;
        if (text === "") return { count: 0 };
        const found = await find(rows, text, () => mine !== newest.find);
        if (!found) return { stopped: true };
        matches = found;
        arrange();
        return { count: found.rows.length, more: found.more };
    },
    /** The match number `number` of the search, in the order shown. */
    match({ number }) {
        const at = matches.order ? matches.order[number] : number;
        const row = matches.rows[at];
        return { place: places ? places[row] : row, column: matches.columns[at] };
    },
    /** A rectangle as text: "tsv", "csv" or "json" (an object for each row). At most `limit` characters. */
    text({ from, to, columns, names, kind, header, limit = 64_000_000 }) {
        const parts = [];
        let length = 0, place = from;
        const [separated, separator] = kind === "csv" ? [commaSeparated, ","] : [tabSeparated, "\t"];
        if (header) parts.push(columns.map((column) => separated(names[column])).join(separator));
        for (; place < Math.min(to, rows.count) && length < limit; place += 1) {
            const cells = rows.cells(rowAt(place));
            const line = kind === "json" ? `{${columns.map((column) => `${JSON.stringify(names[column])}:${cells[column]}`).join(",")}}`
                : columns.map((column) => separated(plain(cells[column]))).join(separator);
            parts.push(line);
            length += line.length;
        }
        return { text: parts.join("\n"), cut: place < Math.min(to, rows.count) };
    },
    /** Values of some columns for a chart, at most `limit` rows: evenly taken, or the first ones. */
    values({ columns, limit, evenly }) {
        const step = evenly ? Math.max(1, Math.ceil(rows.count / limit)) : 1;
        const values = columns.map(() => []);
        for (let place = 0; place < Math.min(rows.count, step * limit); place += step) {
            const cells = rows.cells(rowAt(place));
            columns.forEach((column, at) => values[at].push(plain(cells[column])));
        }
        return { values };
    },
    /** Longest text of each column among the first rows, for the width. */
    widths() {
        const widths = [];
        for (let row = 0; row < Math.min(rows.count, 100); row += 1) {
            rows.cells(row).forEach((raw, column) => { widths[column] = Math.max(widths[column] ?? 4, Math.min(raw.length, 80)); });
        }
        return { widths };
    },
};

/** Puts the matches into the order shown. */
function arrange() {
    places = null;
    if (!matches) return;
    matches.order = null;
    if (!view) return;
    places = new Uint32Array(view.length);
    for (let place = 0; place < view.length; place += 1) places[view[place]] = place;
    matches.order = Uint32Array.from(matches.rows, (_, at) => at).sort((a, b) => places[matches.rows[a]] - places[matches.rows[b]] || a - b);
}

// Where rows cannot be kept, for want of memory for instance, the page has to hear of it: it waits for an answer.
self.addEventListener("unhandledrejection", (event) => reportError(event.reason));

self.onmessage = async ({ data }) => {
    if (data.begin) rows = new Rows(data.begin.maximumRows, data.begin.maximumBytes);
    else if (data.chunk) {
        rows.append(new Uint8Array(data.chunk));
        postMessage({ taken: data.chunk.byteLength, full: rows.full });
        tell();
    } else if (data.end) {
        rows.end();
        tell(true);
        postMessage({ ended: true });
    } else {
        try {
            postMessage({ id: data.id, answer: await work[data.work](data) });
        } catch (error) {
            postMessage({ id: data.id, problem: String(error?.message ?? error) });
        }
    }
};
