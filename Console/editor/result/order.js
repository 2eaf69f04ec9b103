// Sorting by a column, by what its type means: numbers by value whatever their size, everything else as text; NULL comes last.
import { plain } from "./cells.js";
import { isNumeric } from "../types.js";

/** The rows' numbers in the order of the column, or null when it was stopped. */
export async function order(rows, column, type, descending, stopped) {
    const count = rows.count;
    const numeric = isNumeric(type);
    // For texts their first three characters as one number, which settles most comparisons.
    const numbers = new Float64Array(count);
    const texts = new Array(count);
    const address = /IPv4/.test(type);
    const done = await rows.each((cells, row) => {
        if (row >= count) return;
        const value = plain(cells[column]);
        if (value === null) { texts[row] = null; return; }
        if (!numeric) {
            const text = texts[row] = address ? padded(value) : value;
            numbers[row] = (text.charCodeAt(0) || 0) * 2 ** 32 + (text.charCodeAt(1) || 0) * 2 ** 16 + (text.charCodeAt(2) || 0);
            return;
        }
        const number = Number(value);
        numbers[row] = number;
        // Beyond 2^53 equal doubles may be different integers: their digits decide.
        texts[row] = Number.isSafeInteger(number) || value.length < 16 ? "" : value;
    }, stopped);
    if (!done) return null;
    const index = new Uint32Array(count);
    for (let row = 0; row < count; row += 1) index[row] = row;
    const sign = descending ? -1 : 1;
    index.sort((a, b) => {
        const first = texts[a], second = texts[b];
        if (first === null || second === null) return first === second ? a - b : first === null ? 1 : -1;
        const x = numbers[a], y = numbers[b];
        if (numeric) {
            if (x !== y && (x === x || y === y)) return x !== x ? 1 : y !== y ? -1 : x < y ? -sign : sign; // NaN after the numbers
            if (first === "" || second === "" || first === second) return a - b;
            return sign * exact(first, second) || a - b;
        }
        if (x !== y) return x < y ? -sign : sign;
        return first === second ? a - b : first < second ? -sign : sign;
    });
    return index;
}

const padded = (address) => address.split(".").map((part) => part.padStart(3, "0")).join(".");

/** Compares two decimal texts by all their digits. */
function exact(first, second) {
    if (/[a-z]/i.test(first) || /[a-z]/i.test(second)) return 0;
    const [whole, part = ""] = first.split("."), [otherWhole, otherPart = ""] = second.split(".");
    const length = Math.max(part.length, otherPart.length);
    const a = BigInt(whole + part.padEnd(length, "0")), b = BigInt(otherWhole + otherPart.padEnd(length, "0"));
    return a < b ? -1 : a > b ? 1 : 0;
}
