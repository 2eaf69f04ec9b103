// The table of a result. Only the rows and columns in view are elements; their texts come from the worker.
import { h, uniqueID } from "../../core/dom.js";
import { count } from "../../core/format.js";
import { isNumeric } from "../types.js";
import { VirtualScroll } from "./scroll.js";

const rowHeight = 28, headHeight = 46, numberWidth = 64, narrowest = 56, widest = 420;

/**
 * `{ element, update(rows), reset(), cursor(), select(place, column), selection() }`.
 *
 * - source(from, to): cells of rows. - sort(column, descending): asked for by a heading; column null: as they came.
 * - open(place, column): a cell is to be inspected. - copy(selection): asked for by the keyboard.
 */
export function resultGrid({ columns, source, sort, open, copy, widths }) {
    const spacer = h("div", { class: "grid-space" });
    const head = h("div", { class: "grid-head", role: "row", "aria-rowindex": "1" });
    const body = h("div", { class: "grid-body", role: "rowgroup" });
    const layer = h("div", { class: "grid-layer" }, h("div", { role: "rowgroup" }, head), body);
    const helpID = uniqueID("grid-help");
    const help = h("span", { id: helpID, hidden: true },
        "Arrow keys move, with Shift they select. Enter opens a cell; on a heading, above the first row, it sorts. Control C copies.");
    const element = h("div", {
        class: "grid", role: "grid", "aria-describedby": helpID, tabindex: "0", "aria-label": "Result", "aria-colcount": String(columns.length + 1),
        "aria-multiselectable": "true", dataset: { test: "result-grid" },
    }, help, spacer, layer);
    const scroll = new VirtualScroll(element, spacer, rowHeight);
    const sizes = columns.map((column, at) => Math.min(widest,
        Math.max(narrowest, 26 + 8 * Math.max(Math.min(column.name.length, 28), Math.min(column.type.length * 0.86, 22), widths[at] ?? 0))));
    const numeric = columns.map((column) => isNumeric(column.type));
    const page = Math.max(10, Math.min(100, Math.floor(6000 / columns.length))); // rows asked for at once
    const pages = new Map(); // number of the page: cells, or the promise of them
    let rows = 0, generation = 0, framed = false, sorted = { column: null, descending: false }, wanted = sorted;
    let active = { place: 0, column: 0 }, anchor = active;
    const lefts = () => { let left = numberWidth; return sizes.map((size) => { const mine = left; left += size; return mine; }); };
    let left = lefts();
    const whole = () => numberWidth + sizes.reduce((sum, size) => sum + size, 0);

    const draw = () => { if (!framed) { framed = true; requestAnimationFrame(() => { framed = false; paint(); }); } };

    function pageOf(number) {
        const known = pages.get(number);
        if (known) return Array.isArray(known) ? known : null;
        const mine = generation;
        pages.set(number, source(number * page, (number + 1) * page).then((cells) => {
            if (mine !== generation) return;
            // Rows that came meanwhile are not in it: it is asked for again.
            if (cells.length < Math.min(page, rows - number * page)) pages.delete(number);
            else pages.set(number, cells);
            draw();
        }, () => { if (mine === generation) pages.delete(number); }));
        if (pages.size > 60) for (const one of pages.keys()) { if (pages.size <= 40) break; if (one !== number) pages.delete(one); }
        return null;
    }

    const visible = () => {
        const from = element.scrollLeft, to = from + element.clientWidth;
        let first = 0;
        while (first < columns.length - 1 && left[first] + sizes[first] < from + numberWidth) first += 1;
        let last = first;
        while (last < columns.length - 1 && left[last + 1] < to) last += 1;
        return { first, last };
    };

    const inRange = (place, column) => place >= Math.min(anchor.place, active.place) && place <= Math.max(anchor.place, active.place)
        && column >= Math.min(anchor.column, active.column) && column <= Math.max(anchor.column, active.column);

    function paint() {
        if (!element.isConnected) return;
        const height = element.clientHeight - headHeight;
        scroll.resize(rows, height, headHeight);
        spacer.style.width = `${whole()}px`;
        element.setAttribute("aria-rowcount", String(rows + 1));
        layer.style.width = `${element.clientWidth}px`;
        layer.style.height = `${element.clientHeight}px`;
        const { first, last } = visible();
        const shift = element.scrollLeft;
        paintHead(first, last, shift);
        const from = Math.floor(scroll.top / rowHeight), to = Math.min(rows, Math.ceil((scroll.top + height) / rowHeight));
        const needed = Math.max(0, to - from);
        while (body.children.length > needed) body.lastChild.remove();
        while (body.children.length < needed) body.append(h("div", { class: "grid-row", role: "row" },
            h("div", { class: "grid-number", role: "rowheader", "aria-colindex": "1" })));
        for (let at = 0; at < needed; at += 1) paintRow(body.children[at], from + at, first, last, shift);
        const current = active.place >= from && active.place < to && active.column >= first && active.column <= last;
        if (current) element.setAttribute("aria-activedescendant", cellID(active.place, active.column));
        else if (active.place === -1) element.setAttribute("aria-activedescendant", headID(active.column));
        else element.removeAttribute("aria-activedescendant");
    }

    const id = uniqueID("grid");
    const cellID = (place, column) => `${id}-${place}-${column}`;
    const headID = (column) => `${id}-head-${column}`;

    function paintRow(row, place, first, last, shift) {
        row.style.transform = `translateY(${place * rowHeight - scroll.top + headHeight}px)`;
        row.setAttribute("aria-rowindex", String(place + 2));
        row.classList.toggle("odd", place % 2 === 1);
        const number = row.firstChild;
        const label = count(place + 1);
        if (number.textContent !== label) number.textContent = label;
        const cells = pageOf(Math.floor(place / page))?.[place % page];
        const needed = last - first + 1;
        while (row.children.length - 1 > needed) row.lastChild.remove();
        while (row.children.length - 1 < needed) row.append(h("div", { class: "grid-cell", role: "gridcell" }));
        for (let column = first; column <= last; column += 1) {
            const cell = row.children[column - first + 1];
            const value = cells ? cells[column] : undefined;
            const text = value === null ? "NULL" : value ?? "";
            const current = place === active.place && column === active.column;
            const chosen = inRange(place, column);
            const look = ["grid-cell", numeric[column] && "number", value === null && "null", value === undefined && "waiting", chosen && "chosen",
                current && "current"].filter(Boolean).join(" ");
            if (cell.textContent !== text) cell.textContent = text;
            if (cell.className !== look) cell.className = look;
            cell.id = cellID(place, column);
            cell.setAttribute("aria-colindex", String(column + 2));
            cell.setAttribute("aria-selected", String(chosen));
            cell.style.transform = `translateX(${left[column] - shift}px)`;
            cell.style.width = `${sizes[column]}px`;
        }
    }

    function paintHead(first, last, shift) {
        const needed = last - first + 1;
        if (!head.firstChild) head.append(h("div", { class: "grid-number", role: "columnheader", "aria-colindex": "1" },
            h("span", { class: "visually-hidden" }, "Row")));
        while (head.children.length - 1 > needed) head.lastChild.remove();
        while (head.children.length - 1 < needed) {
            head.append(h("div", { class: "grid-heading", role: "columnheader" },
                h("div", { class: "clip name" }), h("div", { class: "clip type" }), h("div", { class: "grid-handle", "aria-hidden": "true" })));
        }
        for (let column = first; column <= last; column += 1) {
            const node = head.children[column - first + 1];
            const state = sorted.column === column ? (sorted.descending ? "descending" : "ascending") : "none";
            const text = columns[column].name + (state === "ascending" ? " ↑" : state === "descending" ? " ↓" : "");
            if (node.children[0].textContent !== text) node.children[0].textContent = text;
            if (node.children[1].textContent !== columns[column].type) node.children[1].textContent = columns[column].type;
            node.title = `${columns[column].name}\n${columns[column].type}`;
            node.id = headID(column);
            node.dataset.column = String(column);
            node.className = `grid-heading${numeric[column] ? " number" : ""}${active.place === -1 && active.column === column ? " current" : ""}`;
            node.setAttribute("aria-colindex", String(column + 2));
            node.setAttribute("aria-sort", state);
            node.style.transform = `translateX(${left[column] - shift}px)`;
            node.style.width = `${sizes[column]}px`;
        }
    }

    function select(place, column, extend = false) {
        active = { place: Math.max(-1, Math.min(rows - 1, place)), column: Math.max(0, Math.min(columns.length - 1, column)) };
        if (!extend || active.place < 0) anchor = active;
        if (active.place >= 0) {
            const top = active.place * rowHeight, height = element.clientHeight - headHeight;
            if (top < scroll.top) scroll.go(top);
            else if (top + rowHeight > scroll.top + height) scroll.go(top + rowHeight - height);
        }
        const from = left[active.column], to = from + sizes[active.column];
        if (from - numberWidth < element.scrollLeft) element.scrollLeft = from - numberWidth;
        else if (to > element.scrollLeft + element.clientWidth) element.scrollLeft = Math.min(from - numberWidth, to - element.clientWidth);
        draw();
    }

    function resize(column, size) {
        sizes[column] = Math.max(40, Math.min(2000, size));
        left = lefts();
        draw();
    }

    async function nextSort(column) {
        const next = wanted.column !== column ? { column, descending: false }
            : wanted.descending ? { column: null, descending: false } : { column, descending: true };
        wanted = next;
        element.setAttribute("aria-busy", "true");
        const done = await sort(next.column, next.descending);
        if (wanted !== next) return; // another was asked for meanwhile
        element.removeAttribute("aria-busy");
        if (done) sorted = next;
        else wanted = sorted;
        reset();
    }

    function reset() {
        generation += 1;
        pages.clear();
        draw();
    }

    const cellAt = (event) => {
        const box = element.getBoundingClientRect();
        const y = event.clientY - box.top, x = event.clientX - box.left + element.scrollLeft;
        if (event.clientX - box.left > element.clientWidth || y > element.clientHeight) return null;
        let column = columns.length - 1;
        while (column > 0 && left[column] > x) column -= 1;
        return { place: y < headHeight ? -1 : Math.min(rows - 1, Math.floor((y - headHeight + scroll.top) / rowHeight)), column };
    };

    element.addEventListener("scroll", () => { scroll.moved(); draw(); }, { passive: true });
    element.addEventListener("pointerdown", (event) => {
        const handle = event.target.closest(".grid-handle");
        const at = cellAt(event);
        if (!at) return;
        if (handle) {
            const column = Number(handle.parentElement.dataset.column), begun = event.clientX, size = sizes[column];
            event.preventDefault();
            return drag((move) => resize(column, size + move.clientX - begun));
        }
        if (at.place < 0 || event.button !== 0) return;
        select(at.place, at.column, event.shiftKey);
        if (event.pointerType !== "mouse") return; // a finger scrolls
        drag((move) => {
            const over = cellAt(move);
            if (over && over.place >= 0) select(over.place, over.column, true);
        });
    });
    function drag(work) {
        const ended = new AbortController();
        window.addEventListener("pointermove", work, { signal: ended.signal });
        for (const type of ["pointerup", "pointercancel"]) window.addEventListener(type, () => ended.abort(), { signal: ended.signal });
    }
    element.addEventListener("click", (event) => {
        const heading = event.target.closest(".grid-heading");
        if (heading && !event.target.closest(".grid-handle")) nextSort(Number(heading.dataset.column));
    });
    element.addEventListener("dblclick", (event) => { const at = cellAt(event); if (at && at.place >= 0) open(at.place, at.column); });
    element.addEventListener("keydown", (event) => {
        const rowsInView = Math.max(1, Math.floor((element.clientHeight - headHeight) / rowHeight) - 1);
        const main = event.ctrlKey || event.metaKey;
        const { place, column } = active;
        const sideways = { ArrowLeft: -16, ArrowRight: 16 }[event.key];
        if (place < 0 && sideways && event.shiftKey) resize(column, sizes[column] + sideways);
        else if (event.key === "ArrowDown") select(main ? rows - 1 : place + 1, column, event.shiftKey);
        else if (event.key === "ArrowUp") select(main ? 0 : place - 1, column, event.shiftKey);
        else if (event.key === "ArrowRight") select(place, main ? columns.length - 1 : column + 1, event.shiftKey);
        else if (event.key === "ArrowLeft") select(place, main ? 0 : column - 1, event.shiftKey);
        else if (event.key === "PageDown") select(place + rowsInView, column, event.shiftKey);
        else if (event.key === "PageUp") select(Math.max(0, place - rowsInView), column, event.shiftKey);
        else if (event.key === "Home") select(main ? 0 : place, 0, event.shiftKey);
        else if (event.key === "End") select(main ? rows - 1 : place, columns.length - 1, event.shiftKey);
        else if (event.key === "Enter" && place < 0) nextSort(column);
        else if (event.key === "Enter" && rows) open(place, column);
        else if (main && event.key.toLowerCase() === "a") {
            anchor = { place: 0, column: 0 };
            active = { place: rows - 1, column: columns.length - 1 };
            draw();
        }
        else if (main && event.key.toLowerCase() === "c") copy(selection());
        else return;
        event.preventDefault();
    });
    new ResizeObserver(draw).observe(element);

    const selection = () => ({
        from: Math.max(0, Math.min(anchor.place, active.place)), to: Math.max(anchor.place, active.place) + 1,
        columns: columns.map((_, at) => at).slice(Math.min(anchor.column, active.column), Math.max(anchor.column, active.column) + 1),
    });
    return {
        element, reset, select, selection, cursor: () => active,
        update(next) {
            // The page that was not full when it was asked for has more rows now.
            if (next !== rows) pages.delete(Math.floor(rows / page));
            rows = next;
            draw();
        },
    };
}
