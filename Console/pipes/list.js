// All pipes of the service: state, source, target and what flows now.
import { h, replace } from "../core/dom.js";
import { get } from "../core/api.js";
import { servicePath } from "../core/session.js";
import { listen, live } from "../core/events.js";
import { pageStyle } from "../core/libraries.js";
import { href, replaceAddress } from "../core/router.js";
import { count } from "../core/format.js";
import { icon } from "../components/icon.js";
import { select } from "../components/field.js";
import { empty } from "../components/notice.js";
import { lacking, mayManage, noService } from "./actions.js";
import { pipeRow, titles } from "./row.js";
import { speedometer } from "./live.js";
import { sourceText, targets, kindOf, pipeKind } from "./kinds.js";
import { states, stateText } from "./state.js";

export default async function page({ query, signal, title, service }) {
    title("ClickPipes");
    if (!service) return h("div", { class: "page" }, h("h1", {}, "ClickPipes"), noService());
    const path = servicePath(service, "/clickpipes");
    const [listed] = await Promise.all([get(path, { signal }), pageStyle("pipes")]);
    const pipes = new Map(listed.map((one) => [one.id, one]));
    const speed = speedometer();
    const rows = new Map();
    const asked = new Set();
    const body = h("tbody", { role: "rowgroup" });
    const nothing = h("div");
    const table = h("div", { class: "table-frame", tabindex: "0", role: "region", "aria-label": "ClickPipes" },
        h("table", { class: "data pipes", role: "table", "aria-label": "ClickPipes" },
            h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
                titles.map(([text, kind]) => h("th", { scope: "col", role: "columnheader", class: kind },
                kind === "actions" ? h("span", { class: "visually-hidden" }, text) : text)))), body));

    const search = h("input", { type: "search", placeholder: "Search name, source, table", "aria-label": "Search pipes",
        value: query.get("search") ?? "" });
    const filter = select([{ value: "", text: "All states" }], "", { "aria-label": "State" });
    const total = h("span", { class: "muted", role: "status" });

    let offered = null;
    const filters = h("div", { class: "row pipe-filters" }, search, filter, total);

    function offerStates() {
        const wanted = filter.value || query.get("state") || "";
        const used = new Map();
        for (const pipe of pipes.values()) used.set(pipe.state, (used.get(pipe.state) ?? 0) + 1);
        const options = states.filter((state) => used.has(state) || state === wanted);
        // An open list of choices must not be taken away by live data that says the same.
        const text = JSON.stringify([...used]);
        if (text === offered) return;
        offered = text;
        replace(filter, h("option", { value: "" }, "All states"),
            options.map((state) => h("option", { value: state }, `${stateText(state)} (${used.get(state) ?? 0})`)));
        filter.value = wanted;
    }

    const fits = (pipe) => {
        const words = search.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
        const text = [pipe.name, kindOf(pipeKind(pipe)).title, sourceText(pipe), ...targets(pipe), pipe.id].join(" ").toLowerCase();
        return (!filter.value || pipe.state === filter.value) && words.every((word) => text.includes(word));
    };

    /** Which rows stand there and in which order: by name, so that nothing jumps while states and numbers change. */
    function arrange() {
        const shown = [...pipes.values()].filter(fits).sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
        shown.forEach((pipe, index) => {
            let row = rows.get(pipe.id);
            if (!row) rows.set(pipe.id, row = pipeRow(pipe, changed));
            if (body.children[index] !== row.node) body.insertBefore(row.node, body.children[index] ?? null);
            row.update(pipe, speed.sample(pipe.id), speed.rates(pipe.id));
        });
        while (body.children.length > shown.length) body.lastElementChild.remove();
        table.hidden = shown.length === 0;
        filters.hidden = pipes.size === 0;
        total.textContent = pipes.size ? (shown.length === pipes.size ? `${count(pipes.size)} ${pipes.size === 1 ? "pipe" : "pipes"}`
            : `${count(shown.length)} of ${count(pipes.size)} pipes`) : "";
        replace(nothing, shown.length ? null : pipes.size
            ? empty("No pipe fits", "Take a word out of the search or choose all states.")
            : empty("No pipes yet", "A pipe reads files, topics or tables of a database and writes them into ClickHouse, once or as long as it runs.",
                createLink()));
    }

    function createLink() {
        if (mayManage(service)) return h("a", { class: "button primary", href: href("/pipes/new") }, icon("plus"), "Create a pipe");
        return h("button", { type: "button", class: "button primary", disabled: true, title: lacking }, icon("plus"), "Create a pipe");
    }

    /** After an action: what the API answered, or null for a pipe that is gone. */
    function changed(id, pipe) {
        if (pipe) pipes.set(id, pipe);
        else { pipes.delete(id); rows.get(id)?.node.remove(); rows.delete(id); }
        offerStates();
        arrange();
    }

    async function fetchAll() {
        try {
            const all = await get(path, { signal });
            const known = new Set(all.map((one) => one.id));
            for (const id of pipes.keys()) if (!known.has(id)) changed(id, null);
            for (const pipe of all) pipes.set(pipe.id, pipe);
            offerStates();
            arrange();
        } catch (error) { if (error.name !== "AbortError") console.warn(error.message); }
    }

    const keepAddress = () => replaceAddress("/pipes", { search: search.value || null, state: filter.value || null });
    search.addEventListener("input", () => { keepAddress(); arrange(); });
    filter.addEventListener("change", () => { keepAddress(); arrange(); });

    for (const pipe of live.pipes.values()) speed.add(pipe.id, pipe.sample);
    listen("pipes", (data) => {
        let unknown = false;
        for (const told of data.pipes.filter((one) => one.serviceId === service)) {
            speed.add(told.id, told.sample);
            const pipe = pipes.get(told.id);
            // Asked for once: a pipe that the list does not give is not asked for every second.
            if (!pipe) { unknown ||= !asked.has(told.id); asked.add(told.id); continue; }
            // The message is left out when there is none: it must not stay from before.
            pipes.set(told.id, { ...pipe, name: told.name, state: told.state, stateMessage: told.stateMessage, updatedAt: told.updatedAt });
        }
        for (const id of data.removed ?? []) if (pipes.has(id)) changed(id, null);
        if (unknown) fetchAll();
        offerStates();
        arrange();
    }, signal);
    // A pipe that stands still sends nothing: its speed has to fall by itself. This asks nobody.
    const timer = setInterval(() => { for (const [id, row] of rows) row.update(pipes.get(id), speed.sample(id), speed.rates(id)); }, 3000);
    signal.addEventListener("abort", () => clearInterval(timer));

    offerStates();
    arrange();
    return h("div", { class: "page" },
        h("div", { class: "page-head" }, h("h1", {}, "ClickPipes"), createLink()),
        filters,
        table, nothing);
}
