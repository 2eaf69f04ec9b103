// Searching the cells for a text, whatever its case. Bytes are looked through first; only rows that may hold the text are taken apart.
import { split, plain } from "./cells.js";
import { breath } from "./rows.js";

const latin = new TextDecoder("windows-1252"); // one character for each byte, so places in the text are places in the bytes
const utf8 = new TextDecoder();
const most = 200_000;

/** `{ rows, columns, more }`: places of the matches in order of the rows, or null when it was stopped. */
export async function find(rows, text, stopped) {
    const needle = text.toLowerCase();
    const quoted = JSON.stringify(text).slice(1, -1);
    const bytesOf = (one) => latin.decode(new TextEncoder().encode(one)).toLowerCase();
    const needles = [...new Set([bytesOf(text), bytesOf(quoted), bytesOf(quoted.replaceAll("/", "\\/"))])];
    // A letter that changes its bytes with its case cannot be looked for in bytes.
    const anywhere = /[^\x00-\x7f]/.test(text);
    const found = { rows: [], columns: [], more: false };
    for (const block of rows.blocks) {
        const haystack = anywhere ? null : latin.decode(block.bytes.subarray(0, block.used)).toLowerCase();
        let at = 0;
        while (at < block.rows) {
            if (haystack) {
                const next = Math.min(...needles.map((one) => haystack.indexOf(one, block.starts[at])).filter((place) => place >= 0));
                if (next === Infinity) break;
                at = rowAt(block, next);
            }
            const end = at + 1 < block.rows ? block.starts[at + 1] : block.used;
            const cells = split(utf8.decode(block.bytes.subarray(block.starts[at], end)));
            for (let column = 0; column < cells.length; column += 1) {
                const value = plain(cells[column]);
                if (value === null || !value.toLowerCase().includes(needle)) continue;
                if (found.rows.length >= most) { found.more = true; return found; }
                found.rows.push(block.first + at);
                found.columns.push(column);
            }
            at += 1;
            if ((at & 2047) === 0) { await breath(); if (stopped()) return null; }
        }
        await breath();
        if (stopped()) return null;
    }
    return found;
}

function rowAt(block, place) {
    let low = 0, high = block.rows - 1;
    while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (block.starts[middle] <= place) low = middle;
        else high = middle - 1;
    }
    return low;
}
