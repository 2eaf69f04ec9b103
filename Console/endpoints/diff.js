// What differs between two texts, line by line: the longest common subsequence.
import { h } from "../core/dom.js";

const bound = 4_000_000;

/** `[{ kind: "same" | "removed" | "added", text, before, after }]` with line numbers from 1. */
export function lineDiff(before, after) {
    const a = before.split("\n"), b = after.split("\n");
    let start = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
    let end = 0;
    while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
    const lines = [];
    const same = (i, j) => lines.push({ kind: "same", text: a[i], before: i + 1, after: j + 1 });
    const removed = (i) => lines.push({ kind: "removed", text: a[i], before: i + 1, after: null });
    const added = (j) => lines.push({ kind: "added", text: b[j], before: null, after: j + 1 });
    for (let i = 0; i < start; i += 1) same(i, i);
    const rows = a.length - start - end, columns = b.length - start - end;
    if (rows * columns > bound) {
        // Too much to compare: all of one, then all of the other.
        for (let i = 0; i < rows; i += 1) removed(start + i);
        for (let j = 0; j < columns; j += 1) added(start + j);
    } else {
        const width = columns + 1;
        const length = new Uint32Array((rows + 1) * width);
        for (let i = rows - 1; i >= 0; i -= 1) {
            for (let j = columns - 1; j >= 0; j -= 1) {
                length[i * width + j] = a[start + i] === b[start + j] ? length[(i + 1) * width + j + 1] + 1
                    : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
            }
        }
        let i = 0, j = 0;
        while (i < rows || j < columns) {
            if (i < rows && j < columns && a[start + i] === b[start + j]) { same(start + i, start + j); i += 1; j += 1; }
            else if (i < rows && (j === columns || length[(i + 1) * width + j] >= length[i * width + j + 1])) { removed(start + i); i += 1; }
            else { added(start + j); j += 1; }
        }
    }
    for (let i = 0; i < end; i += 1) same(a.length - end + i, b.length - end + i);
    return lines;
}

const marks = { same: " ", removed: "−", added: "+" };
const spoken = { same: "", removed: "removed: ", added: "added: " };

/** The lines of both with what was removed and added. `before` and `after` say what the two texts are. */
export function diffView(first, second, { before = "before", after = "after" } = {}) {
    const lines = lineDiff(first, second);
    const changed = lines.filter((line) => line.kind !== "same").length;
    return h("div", { class: "diff", tabindex: "0", role: "region", "aria-label": `Difference between ${before} and ${after}` },
        changed === 0 ? h("p", { class: "muted small" }, "No difference.") : h("p", { class: "muted small" }, `− ${before}, + ${after}`),
        h("ol", { class: "mono" }, near(lines).map((line) => line === null ? h("li", { class: "gap" }, "⋯")
            : h("li", { class: line.kind }, h("span", { class: "mark", "aria-hidden": "true" }, marks[line.kind]),
                spoken[line.kind] ? h("span", { class: "visually-hidden" }, spoken[line.kind]) : null, h("span", {}, line.text || " ")))));
}

/** Changed lines with three around them; null stands for what is left out. */
function near(lines) {
    if (lines.length < 40) return lines;
    const keep = new Set();
    lines.forEach((line, index) => { if (line.kind !== "same") for (let at = index - 3; at <= index + 3; at += 1) keep.add(at); });
    const result = [];
    lines.forEach((line, index) => {
        if (keep.has(index)) result.push(line);
        else if (result.at(-1) !== null) result.push(null);
    });
    return result;
}
