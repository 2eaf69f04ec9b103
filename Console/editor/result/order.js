// Sorting by a column, by what its type means: numbers by value whatever their size, everything else as text; NULL comes last.
import { plain } from "./cells.js";
import { innerType, isNumeric } from "../types.js";

/** The rows' numbers in the order of the column, or null when it was stopped. */
export async function order(rows, column, type, descending, stopped) {
    const count = rows.count;
    const numeric = isNumeric(type);
    const address = innerType(type).name === "IPv4";
    const keys = new Float64Array(count); // the number, or the first characters of the text as one number
    const texts = new Array(count);
    const known = new Uint32Array(count), last = [[], []]; // rows with a value; NaN and NULL
    let length = 0, narrow = true;
    const done = await rows.eachCell(column, (raw, row) => {
        if (row >= count) return;
        const value = plain(raw);
        if (value === null) { last[1].push(row); return; }
        if (numeric) {
            const number = keys[row] = Number(value);
            if (Number.isNaN(number) && !/^[+-]?inf/.test(value)) { last[0].push(row); return; }
            if (Number.isNaN(number)) keys[row] = value.startsWith("-") ? -Infinity : Infinity;
            // Beyond 2^53 equal doubles may be different integers: their digits decide.
            else if (value.length > 15) texts[row] = value;
        } else {
            const text = texts[row] = address ? padded(value) : value;
            keys[row] = prefix(text, 7, 128);
            narrow &&= keys[row] >= 0;
        }
        known[length] = row;
        length += 1;
    }, stopped);
    if (!done) return null;
    const index = known.subarray(0, length);
    // Seven characters make a key where all are ASCII, else three.
    if (!numeric && !narrow) for (const row of index) keys[row] = prefix(texts[row], 3, 65_536);
    const sign = descending ? -1 : 1;
    const settle = numeric ? exact : (first, second) => first < second ? -1 : first > second ? 1 : 0;
    index.sort((a, b) => {
        const first = keys[a], second = keys[b];
        if (first < second) return -sign;
        if (first > second) return sign;
        return sign * settle(texts[a], texts[b]) || a - b;
    });
    const all = new Uint32Array(count);
    all.set(index);
    all.set(last[0], length);
    all.set(last[1], length + last[0].length);
    return all;
}

/** The first characters as the digits of a number with this base; -1 when one of them is beyond it. */
function prefix(text, length, base) {
    let number = 0;
    for (let at = 0; at < length; at += 1) {
        const code = at < text.length ? text.charCodeAt(at) : 0;
        if (code >= base) return -1;
        number = number * base + code;
    }
    return number;
}

const padded = (address) => address.split(".").map((part) => part.padStart(3, "0")).join(".");

/** Compares two decimal texts by all their digits; those that are short enough for a double are equal already. */
function exact(first, second) {
    if (first === undefined || second === undefined || first === second || /[a-z]/i.test(first) || /[a-z]/i.test(second)) return 0;
    const [whole, part = ""] = first.split("."), [otherWhole, otherPart = ""] = second.split(".");
    const length = Math.max(part.length, otherPart.length);
    const a = BigInt(whole + part.padEnd(length, "0")), b = BigInt(otherWhole + otherPart.padEnd(length, "0"));
    return a < b ? -1 : a > b ? 1 : 0;
}
