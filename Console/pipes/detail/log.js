// Tab: the pipe's log, newest on top. What comes while people read waits behind a button.
import { h, replace } from "../../core/dom.js";
import { envelope, query } from "../../core/api.js";
import { listen } from "../../core/events.js";
import { news } from "../live.js";
import { button } from "../../components/button.js";
import { select } from "../../components/field.js";
import { empty, notice } from "../../components/notice.js";
import { timeText } from "../../components/time.js";

const looks = { error: "bad", warning: "warn", info: "" };
const words = { error: "Error", warning: "Warning", info: "Info" };

/** One line: when, how bad, what. */
export function logLine(line) {
    return h("div", { class: "log-line", dataset: { level: line.level } }, h("span", { class: "small muted log-time" }, timeText(line.time)),
        h("span", {}, h("span", { class: `badge ${looks[line.level] ?? ""}` }, words[line.level] ?? line.level)),
        h("div", { class: "grow break" }, line.code ? h("span", { class: "mono small code-name" }, line.code, " ") : null, line.message));
}

const keyOf = (line) => `${line.time}\n${line.code ?? ""}\n${line.message}`;

export function log(view, signal) {
    let lines = [], next = null, newest = [];
    const level = select([{ value: "", text: "All levels" }, { value: "warning", text: "Warnings" }, { value: "error", text: "Errors" },
        { value: "info", text: "Info" }], "", { "aria-label": "Level", onchange: () => begin() });
    const words = h("input", { type: "search", placeholder: "Filter these lines", "aria-label": "Filter lines", oninput: () => draw() });
    const fresh = button("New lines", () => { lines = [...newest, ...lines]; newest = []; draw(); list.scrollTop = 0; },
        { symbol: "up", small: true });
    fresh.hidden = true;
    const list = h("div", { class: "log-lines card", tabindex: "0", role: "region", "aria-label": "Log" }, h("div", { class: "skeleton tall" }));
    const told = h("div", { "aria-live": "polite", class: "row tight" }, fresh);
    const older = button("Older lines", () => more(), { small: true });
    older.hidden = true;

    const fetch = (cursor = null, unasked = false) => envelope("GET", view.path + "/log" + query({ limit: 100, level: level.value, cursor }),
        { signal, unasked });
    const draw = () => {
        const wanted = words.value.trim().toLowerCase();
        const shown = lines.filter((line) => !wanted || `${line.code ?? ""} ${line.message}`.toLowerCase().includes(wanted));
        replace(list, shown.length ? shown.map(logLine) : lines.length ? empty("No line fits", "Take a word out of the filter.")
            : empty("Nothing was logged", level.value ? "Choose all levels to see more."
            : "The log holds what the pipe meets: starts, retries, refusals. Lines stay seven days."));
        older.hidden = !next;
        fresh.hidden = newest.length === 0;
        fresh.lastChild.textContent = `${newest.length} new`;
    };

    // Answers of a level that was left since are not shown.
    let turn = 0;
    async function begin() {
        const mine = ++turn;
        try {
            const answer = await fetch();
            if (mine !== turn) return;
            lines = answer.result;
            next = answer.nextCursor ?? null;
            newest = [];
            draw();
        } catch (error) {
            if (error.name === "AbortError") return;
            replace(list, notice(error.status === 404
                ? "This Penstock does not serve logs. The same lines stand in the table system.clickpipes_log." : error.message,
                error.status === 404 ? "info" : "bad"));
        }
    }

    async function more() {
        const mine = turn;
        try {
            const answer = await fetch(next);
            if (mine !== turn) return;
            lines = [...lines, ...answer.result];
            next = answer.nextCursor ?? null;
            draw();
        } catch (error) { if (error.name !== "AbortError") replace(told, notice(error.message, "bad")); }
    }

    /** Lines that came since; at most every three seconds, and only when the stream says that something happened. */
    let waiting = null;
    function look() {
        waiting ??= setTimeout(async () => {
            waiting = null;
            const mine = turn;
            try {
                const found = (await fetch(null, true)).result;
                if (mine !== turn) return;
                const known = new Set([...newest, ...lines].slice(0, 400).map(keyOf));
                const added = found.filter((line) => !known.has(keyOf(line)));
                if (!added.length) return;
                if (list.scrollTop < 8 && !lines.length) { lines = added; } else newest = [...added, ...newest];
                draw();
            } catch { /* the next event tries again */ }
        }, 3000);
    }
    let before = null;
    listen("pipes", (data) => {
        const told = data.pipes.find((one) => one.id === view.pipe.id);
        if (!told || news(told) === before) return;
        if (before !== null) look();
        before = news(told);
    }, signal);
    signal.addEventListener("abort", () => clearTimeout(waiting));
    begin();
    return h("div", { class: "stack" }, h("div", { class: "row pipe-filters" }, level, words, told), list, h("div", { class: "row" }, older));
}
