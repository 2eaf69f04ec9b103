// The audit log: who changed what, when and from where.
import { h, replace } from "../core/dom.js";
import { get, query as members } from "../core/api.js";
import { listen } from "../core/events.js";
import { count } from "../core/format.js";
import { pageStyle } from "../core/libraries.js";
import { replaceAddress } from "../core/router.js";
import { can, organizationPath, permissions } from "../core/session.js";
import { button } from "../components/button.js";
import { field, select } from "../components/field.js";
import { empty, notice } from "../components/notice.js";
import { dataTable } from "../components/table.js";
import { timeText } from "../components/time.js";
import { nameBook } from "./names.js";
import { deed, detail, target, targetLink } from "./words.js";

const pageSize = 50;
const spans = [["1", "Last 24 hours"], ["7", "Last 7 days"], ["30", "Last 30 days"], ["all", "All"], ["range", "From … to …"]];

export default async function page({ title, signal, query }) {
    title("Activity");
    await pageStyle("endpoints");
    if (!can(permissions.viewActivities)) {
        return h("div", { class: "page" }, h("h1", {}, "Activity"),
            empty("Your key may not see the activity", "Sign in with a key that has the role Admin or Developer, or ask whoever gave you yours."));
    }
    const span = select(spans.map(([value, text]) => ({ value, text })), query.get("span") ?? "7", { onchange: () => { showRange(); load(); } });
    const from = h("input", { type: "date", value: query.get("from") ?? "", onchange: load });
    const to = h("input", { type: "date", value: query.get("to") ?? "", onchange: load });
    const range = [field("From", from), field("To", to)];
    const type = h("select", { onchange: filter });
    const actor = h("select", { onchange: filter });
    const text = h("input", { type: "search", value: query.get("text") ?? "", placeholder: "Name, id, address", oninput: filter });
    const hint = h("div", { "aria-live": "polite" });
    const content = h("div", { class: "stack", "aria-busy": "true" }, h("div", { class: "skeleton tall" }));
    const told = h("p", { class: "muted small", role: "status" });
    const book = nameBook();
    let entries = [], most = pageSize, asked = 0;
    let wantedType = query.get("type") ?? "", wantedActor = query.get("actor") ?? "";

    const table = dataTable("Activity", [
        { title: "What", cell: (one) => h("span", {}, sentence(one)) },
        { title: "About", cell: (one) => about(one) },
        { title: "Who", cell: (one) => h("span", { class: "break" }, whoOf(one)) },
        { title: "When", cell: (one) => timeText(one.createdAt) },
        { title: "From", cell: (one) => h("span", { class: "break" }, one.actorIpAddress ?? "–") },
        { title: "Program", cell: (one) => h("span", { class: "break small", title: one.userAgent ?? null }, programOf(one.userAgent)) },
    ]);

    function sentence(one) {
        const done = deed(one.type);
        const more = detail(one);
        return `${done[0].toUpperCase()}${done.slice(1)}${more ? `: ${more}` : ""}`;
    }

    function about(one) {
        const is = target(one);
        const deleted = /_delete$/.test(one.type);
        const name = book.names.get(is.id);
        const label = name ?? (is.id ? `${is.id.slice(0, 8)}…` : "–");
        // Without a name it was deleted since, or is not for this key: then no link leads anywhere.
        const link = name ? targetLink(is, deleted) : null;
        return link ? h("a", { class: "break", href: link, title: is.id }, label)
            : h("span", { class: name ? "break" : "muted break", title: is.id }, label);
    }

    function showRange() {
        for (const one of range) one.hidden = span.value !== "range";
    }

    // Whole days of the reader's zone, in which the times of the list are written; a bare date would be one of UTC.
    const dayPart = (day, clock) => day ? new Date(`${day}T${clock}`).toISOString() : null;
    const dates = () => span.value === "range" ? { from_date: dayPart(from.value, "00:00:00"), to_date: dayPart(to.value, "23:59:59.999") }
        : span.value === "all" ? {} : { from_date: new Date(Date.now() - Number(span.value) * 86_400_000).toISOString() };

    async function load() {
        const mine = ++asked;
        try {
            const found = await get(organizationPath("/activities") + members(dates()), { signal });
            if (mine !== asked) return;
            entries = found;
            most = pageSize;
            replace(hint);
            fillChoices();
            filter();
            book.forget();
            await book.fill(entries);
            if (mine === asked) show();
        } catch (error) {
            if (error.name === "AbortError" || mine !== asked) return;
            replace(content, notice(error.message, "bad", h("div", { class: "row" }, button("Try again", load, { small: true, symbol: "refresh" }))));
        }
        content.removeAttribute("aria-busy");
    }

    function fillChoices() {
        const types = [...new Set(entries.map((one) => one.type))].sort((a, b) => deed(a).localeCompare(deed(b)));
        const actors = [...new Map(entries.map((one) => [one.actorId ?? one.actorType,
            whoOf(one)])).entries()];
        wantedType = type.value || wantedType;
        wantedActor = actor.value || wantedActor;
        replace(type, h("option", { value: "" }, "Everything"), types.map((one) => h("option", { value: one }, deed(one))));
        replace(actor, h("option", { value: "" }, "Everybody"), actors.map(([id, name]) => h("option", { value: id }, name)));
        type.value = types.includes(wantedType) ? wantedType : "";
        actor.value = actors.some(([id]) => id === wantedActor) ? wantedActor : "";
    }

    function matching() {
        const wanted = text.value.trim().toLowerCase();
        return entries.filter((one) => {
            if (type.value && one.type !== type.value) return false;
            if (actor.value && (one.actorId ?? one.actorType) !== actor.value) return false;
            if (!wanted) return true;
            const is = target(one);
            return [deed(one.type), one.type, is.id, book.names.get(is.id), one.actorDetails, one.actorIpAddress,
                one.userAgent].some((part) => part?.toLowerCase().includes(wanted));
        });
    }

    function filter() {
        wantedType = type.value;
        wantedActor = actor.value;
        most = pageSize;
        replaceAddress("/activity", {
            span: span.value === "7" ? null : span.value, from: span.value === "range" ? from.value || null : null,
            to: span.value === "range" ? to.value || null : null,
            type: type.value || null, actor: actor.value || null, text: text.value || null,
        });
        show();
    }

    function show() {
        const found = matching();
        if (entries.length === 0) {
            replace(content, empty("Nothing happened in this span",
                "Each change of pipes, endpoints, keys, roles and services is written here. Choose a longer span, or change something."));
            replace(told);
            return;
        }
        // Names come later than entries: rows are drawn anew with them.
        table.update(found.slice(0, most).map((one) => ({ ...one, name: book.names.get(target(one).id) ?? null })));
        table.hidden = found.length === 0;
        replace(told, found.length === 0 ? "No entry matches the filters."
            : `${count(Math.min(most, found.length))} of ${count(found.length)} entries`);
        replace(content, table, found.length > most
            ? h("div", { class: "row" }, button("Older entries", () => { most += pageSize; show(); }, { small: true })) : null);
    }

    listen("activity", (data) => {
        if (!data.newest || entries.length === 0 || data.newest === entries[0].id) return;
        if (span.value === "range" && to.value) return;
        replace(hint, h("div", { class: "row" }, button("There are new entries: show them", load, { symbol: "refresh", small: true })));
    }, signal);

    showRange();
    load();
    return h("div", { class: "page" },
        h("div", { class: "page-head" }, h("h1", {}, "Activity"), button("Refresh", load, { symbol: "refresh" })),
        h("div", { class: "filters", role: "search", "aria-label": "Filters" }, field("Span", span), range, field("What", type), field("Who", actor),
            field("Search", text)), hint, told, content);
}

function whoOf(one) {
    if (one.actorType === "system") return "Penstock";
    return one.actorDetails ?? one.actorId ?? "nobody known";
}

/** Browsers call themselves many things. */
function programOf(text) {
    if (!text) return "–";
    return /^Mozilla\//.test(text) ? "Browser" : text.slice(0, 60);
}
