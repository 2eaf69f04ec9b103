// Tab: records that were left out, why, and how they are sent again.
import { h, replace } from "../../core/dom.js";
import { envelope, query } from "../../core/api.js";
import { listen, live } from "../../core/events.js";
import { bytes } from "../../core/format.js";
import { button } from "../../components/button.js";
import { codeBlock } from "../../components/code.js";
import { openDialog } from "../../components/dialog.js";
import { select } from "../../components/field.js";
import { empty, notice } from "../../components/notice.js";
import { dataTable } from "../../components/table.js";
import { timeText } from "../../components/time.js";
import { lacking, mayManage } from "../actions.js";
import { pipeKind } from "../kinds.js";
import { commands } from "../state.js";
import { replayDialog } from "./replay.js";
import { rewindDialog } from "./rewind.js";

const classes = ["DATA_PARSING_ERROR", "TYPE_MISMATCH", "SOURCE_SCHEMA_ERROR", "INSERT_REJECTED", "MESSAGE_TOO_LARGE", "FILE_TOO_LARGE"];

/** Where a record stands: topic, partition and offset, or file and row. */
function placeText(locator = {}) {
    if (locator.topic !== undefined) return `${locator.topic} / ${locator.partition} @ ${locator.offset}`;
    if (locator.path !== undefined) return locator.row ? `${locator.path}, row ${locator.row}` : locator.path;
    return Object.entries(locator).map(([name, value]) => `${name} ${value}`).join(", ");
}

function inspect(one) {
    const facts = [["Time", timeText(one.timestamp)], ["Class", one.errorCode], ...Object.entries(one.locator ?? {}), ["Field", one.field],
        ["Size", !one.size ? null : `${bytes(one.size)}${one.isTruncated ? ", cut off" : ""}`],
        ["Sent again", one.replayedAt ? timeText(one.replayedAt) : one.isReplayable ? "not yet" : "not possible"]];
    openDialog("Record that was left out", () => ({
        body: [notice(h("div", { class: "break" }, one.error), "bad"),
            h("dl", { class: "facts" }, facts.filter(([, value]) => value !== undefined && value !== null && value !== "")
                .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", { class: "break" }, value)))),
            h("h3", {}, !one.rawMessage && one.rawMessageBase64 ? "Raw message, base64" : "Raw message"),
            one.rawMessage || one.rawMessageBase64 ? codeBlock(one.rawMessage || one.rawMessageBase64, { label: "Raw message" })
                : h("p", { class: "muted" }, "Nothing of it was kept: look at it where it stands.")],
        foot: null,
    }), { flyout: true });
}

export function errors(view, signal) {
    const kind = pipeKind(view.pipe);
    const may = mayManage(view.service);
    let rows = [], next = null, seen = live.pipes.get(view.pipe.id)?.sample?.errors ?? null;
    const known = new Set(classes);
    const filter = select([], "", { "aria-label": "Class of error", onchange: () => begin() });
    const table = dataTable("Records that were left out", [
        { title: "Time", cell: (one) => timeText(one.timestamp) },
        { title: "Class", cell: (one) => h("span", { class: "mono small nowrap" }, one.errorCode) },
        { title: "Where", cell: (one) => h("span", { class: "mono small break" }, placeText(one.locator)) },
        { title: "Reason", cell: (one) => [h("div", { class: "clamp small" }, one.error),
            one.field ? h("div", { class: "small muted" }, `field ${one.field}`) : null] },
        { title: "Sent again", cell: (one) => one.replayedAt ? timeText(one.replayedAt)
            : h("span", { class: "muted small" }, one.isReplayable ? "not yet" : "not possible") },
        { title: "", cell: (one) => button("Inspect", () => inspect(one), { small: true }) },
    ], { key: (one, index) => `${JSON.stringify(one.locator)}\n${one.errorCode}\n${one.timestamp}\n${index}` });
    const place = h("div", { class: "stack" }, h("div", { class: "skeleton tall" }));
    const older = button("Older errors", () => more(), { small: true });
    const fresh = button("New errors: show them", () => begin(), { symbol: "refresh", small: true });
    fresh.hidden = true;

    function offer() {
        const chosen = filter.value;
        replace(filter, h("option", { value: "" }, "All classes"), [...known].sort().map((one) => h("option", { value: one }, one)));
        filter.value = chosen;
    }
    const fetch = (cursor = null) => envelope("GET", view.path + "/errors" + query({ limit: 50, errorCode: filter.value, cursor }), { signal });

    function draw() {
        for (const one of rows) if (one.errorCode) known.add(one.errorCode);
        offer();
        older.hidden = !next;
        table.update(rows);
        if (!rows.length) replace(place, filter.value ? empty("No error of this class", "Choose all classes to see the others.")
            : empty("No record was left out",
                "What cannot be written is kept here for seven days with its reason, and the pipe goes on with the rest."));
        else if (!table.isConnected) replace(place, table, h("div", { class: "row" }, older));
    }

    // Answers of a filter that was left since are not shown.
    let turn = 0;
    async function begin() {
        const mine = ++turn;
        try {
            const answer = await fetch();
            if (mine !== turn) return;
            [rows, next] = [answer.result, answer.nextCursor ?? null];
            fresh.hidden = true;
            draw();
        } catch (error) { if (error.name !== "AbortError") replace(place, notice(error.message, "bad")); }
    }
    async function more() {
        const mine = turn;
        try {
            const answer = await fetch(next);
            if (mine !== turn) return;
            [rows, next] = [[...rows, ...answer.result], answer.nextCursor ?? null];
            draw();
        } catch (error) { if (error.name !== "AbortError") replace(place, notice(error.message, "bad")); }
    }

    listen("pipes", (data) => {
        const told = data.pipes.find((one) => one.id === view.pipe.id)?.sample?.errors;
        if (told === undefined || told === null) return;
        if (seen !== null && told > seen) fresh.hidden = false;
        seen = told;
    }, signal);

    const replay = button("Send again…", async () => { if (await replayDialog(view, filter.value, [...known].sort())) begin(); },
        { symbol: "refresh", small: true, disabled: !may, title: may ? null : lacking });
    const rewind = button("Rewind…", () => rewindDialog(view), { symbol: "history", small: true });
    const showRewind = (pipe) => {
        const now = commands(pipe).rewind;
        rewind.disabled = !may || !now;
        rewind.title = !may ? lacking : now ? "" : "Stop the pipe first";
    };
    showRewind(view.pipe);
    view.watch(showRewind, signal);
    offer();
    begin();
    return h("div", { class: "stack" }, h("div", { class: "row apart" }, h("div", { class: "row pipe-filters" }, filter,
        h("span", { "aria-live": "polite" }, fresh)),
        h("div", { class: "row tight" }, kind === "objectStorage" ? null : replay, kind === "kafka" ? rewind : null)), place);
}
