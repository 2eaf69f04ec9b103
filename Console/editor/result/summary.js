// A result in one line: how it ended, how many rows, what it cost.
import { h } from "../../core/dom.js";
import { bytes, count, duration, short } from "../../core/format.js";
import { maximumBytes, maximumRows } from "./reader.js";

const words = {
    running: ["Running", "busy"], done: ["Done", "good"], failed: ["Failed", "bad"], cancelled: ["Cancelled", "warn"],
    full: ["Shown in part", "warn"], stopped: ["Not run", "warn"],
};

const rowsOf = (number, format) => `${format(number)} ${number === 1 ? "row" : "rows"}`;

export const stateBadge = (state) => h("span", { class: `badge ${words[state][1]}` }, words[state][0]);

/** The parts of the line. */
export function statistics(result) {
    const parts = [];
    if (result.columns) parts.push(rowsOf(result.rows, count));
    if (result.written) parts.push(`${count(result.written)} written`);
    const { progress } = result;
    if (progress?.readRows) parts.push(`${rowsOf(progress.readRows, short)}, ${bytes(progress.readBytes)} read`);
    if (result.bytes) parts.push(`${bytes(result.bytes)} of result`);
    parts.push(duration(Math.round(result.milliseconds)));
    return parts;
}

/** How much of what is to be read has been read, from 0 to 1; null while that is unknown. */
export function done(result) {
    const { progress } = result;
    return progress?.totalRows ? Math.min(1, progress.readRows / progress.totalRows) : null;
}

/** What is to be said above the rows about their end; null when they are all. */
export function partNote(result) {
    if (result.state === "cancelled") {
        return result.rows ? `Cancelled: the ${count(result.rows)} rows that had come by then are shown.` : "Cancelled before the first row came.";
    }
    if (result.state !== "full") return null;
    if (result.text !== null) return "The answer is longer than a page can show well: its begin is shown. Download has all of it.";
    return `The first ${count(result.rows)} rows are shown and the statement was stopped: `
        + `this page keeps at most ${count(maximumRows)} rows or ${bytes(maximumBytes)}. Download has all of them.`;
}
