// One pipe in the list. Its cells are made once and changed in place: the focus stays, and nothing jumps.
import { h } from "../core/dom.js";
import { href } from "../core/router.js";
import { ago, bytes, count, short } from "../core/format.js";
import { icon } from "../components/icon.js";
import { button } from "../components/button.js";
import { openMenu } from "../components/menu.js";
import { timeText } from "../components/time.js";
import { actionItems } from "./actions.js";
import { kindOf, pipeKind, sourceText, targetText, targets } from "./kinds.js";
import { isAtRest, stateBadge } from "./state.js";

export const titles = [["Name", "name"], ["State", "state"], ["Source and target", "ends"], ["Throughput", "number flow"],
    ["Lag", "number lag"], ["Errors", "number errors"], ["Last message", "message"], ["Actions", "actions"]];

/** How far behind: rows, messages or files, or bytes where the source counts those. */
export function lagText(sample) {
    if (!sample) return "–";
    if (sample.lagItems !== null && sample.lagItems !== undefined) return short(sample.lagItems);
    if (sample.lagBytes !== null && sample.lagBytes !== undefined) return bytes(sample.lagBytes);
    return "–";
}

/** `{ node, update(pipe, sample, rates) }`; `changed(id, pipe)` is told what became of the pipe by an action. */
export function pipeRow(pipe, changed) {
    let now = pipe;
    const link = h("a", { class: "break", href: href(`/pipes/${pipe.id}`) });
    const badge = stateBadge(pipe.state);
    const kind = h("div", { class: "small muted" });
    const source = h("div", { class: "clip mono" });
    const target = h("div", { class: "clip mono grow" });
    const rows = h("div"), size = h("div", { class: "small muted" });
    const lag = h("td", { class: "number lag", role: "cell", dataset: { label: "Lag" } }),
        errors = h("td", { class: "number errors", role: "cell", dataset: { label: "Errors" } });
    const message = h("div", { class: "clamp small" }), when = h("div", { class: "small muted" });
    const more = button("Actions", () => openMenu(more, actionItems(now, (next) => changed(pipe.id, next))),
        { symbol: "more", iconOnly: true, kind: "quiet", small: true });
    // On narrow screens rows are drawn as cards; the roles keep them a table for screen readers then.
    const cell = (kind, ...content) => h("td", { class: kind, role: "cell" }, ...content);
    const node = h("tr", { dataset: { pipe: pipe.id }, role: "row" }, h("th", { scope: "row", class: "name", role: "rowheader" }, link),
        cell("state", badge),
        cell("ends", kind, source, h("div", { class: "row tight target" }, h("span", { class: "visually-hidden" }, "into "), icon("right"), target)),
        cell("number flow", rows, size), lag, errors, cell("message", message, when), cell("actions", more));

    const put = (place, text, title = null) => {
        if (place.textContent !== text) place.textContent = text;
        if (title !== null && place.title !== title) place.title = title;
    };
    let shownTime = null;
    return {
        node,
        update(next, sample, rates) {
            if (!next) return;
            now = next;
            put(link, next.name);
            more.setAttribute("aria-label", `Actions for ${next.name}`);
            badge.update(next.state);
            put(kind, kindOf(pipeKind(next)).title);
            put(source, sourceText(next), sourceText(next));
            put(target, targetText(next), targets(next).join("\n"));
            if (isAtRest(next.state)) rates = null;
            put(rows, rates ? `${short(Math.round(rates.sentRows ?? 0))} rows/s` : "–");
            put(size, rates ? `${bytes(Math.round(rates.sentBytes ?? 0))}/s` : "");
            put(lag, lagText(sample));
            put(errors, sample ? count(sample.errors) : "–");
            put(message, next.stateMessage ?? "", next.stateMessage ?? "");
            if (shownTime !== ago(next.updatedAt)) {
                shownTime = ago(next.updatedAt);
                when.replaceChildren("changed ", timeText(next.updatedAt, { relative: true }));
            }
        },
    };
}
