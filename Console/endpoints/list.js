// All endpoints of the service.
import { h, replace } from "../core/dom.js";
import { get } from "../core/api.js";
import { listen } from "../core/events.js";
import { count, duration, percent } from "../core/format.js";
import { pageStyle } from "../core/libraries.js";
import { href, navigate } from "../core/router.js";
import { can, permissions } from "../core/session.js";
import { button } from "../components/button.js";
import { copyText } from "../components/code.js";
import { openMenu } from "../components/menu.js";
import { empty, notice } from "../components/notice.js";
import { dataTable } from "../components/table.js";
import { timeText } from "../components/time.js";
import { allKeys } from "../keys/data.js";
import { openCreateDialog } from "./create.js";
import { allEndpoints, endpointPath, roleWords } from "./data.js";
import { openapiButton } from "./openapi.js";
import { openMonitoring } from "./monitoring.js";
import { removeEndpoint } from "./remove.js";

const pageSize = 25;

export default async function page({ title, signal, service, query }) {
    title("API endpoints");
    await pageStyle("endpoints");
    if (!service) return h("div", { class: "page" }, h("h1", {}, "API endpoints"),
        empty("There is no ClickHouse service", "Declare one in Penstock's configuration, or start penstock up, which brings its own.",
        h("a", { class: "button", href: href("/services") }, "Go to the services")));
    const allowed = can(permissions.manageEndpoints, service);
    const why = allowed ? null : "Your key may not manage query API endpoints";
    const keys = await allKeys(signal).catch((error) => { if (error.status === 403) return []; throw error; });
    let all = await allEndpoints(service, signal);
    let at = 0;
    const usage = new Map();

    const search = h("input", { type: "search", "aria-label": "Search endpoints", placeholder: "Search by name, key or role",
        value: query.get("search") ?? "", oninput: () => { at = 0; show(); } });
    const keyNames = (one) => one.apiKeyIds.map((id) => keys.find((key) => key.id === id)?.name ?? "another key");
    const table = dataTable("API endpoints", [
        { title: "Name", cell: (one) => h("a", { class: "break", href: href(`/endpoints/${one.id}`) }, one.name) },
        { title: "URL", cell: (one) => h("div", { class: "row tight nowrap" },
            h("code", { class: "small", title: one.url }, `/run/${one.id.slice(0, 8)}…`),
        button(`Copy the URL of ${one.name}`, () => copyText(one.url), { symbol: "copy", iconOnly: true, small: true, kind: "quiet" })) },
        { title: "Keys", cell: (one) => h("span", { class: "break", title: keyNames(one).join(", ") }, keyNames(one).slice(0, 2).join(", "),
            one.apiKeyIds.length > 2 ? ` and ${one.apiKeyIds.length - 2} more` : "") },
        { title: "Role", cell: (one) => h("span", { class: "break" }, roleWords(one.roles)) },
        { title: "Cache", cell: (one) => one.cacheSeconds ? duration(one.cacheSeconds * 1000) : h("span", { class: "muted" }, "off") },
        { title: "Version", number: true, cell: (one) => count(one.version) },
        { title: "Calls, last hour", number: true, cell: (one) => one.usage ? count(one.usage.requests) : "–" },
        { title: "Errors", number: true,
            cell: (one) => one.usage?.requests ? h("span", { class: one.usage.errors ? "bad-text" : "" }, percent(one.usage.errorRate)) : "–" },
        { title: "Updated", cell: (one) => timeText(one.updatedAt, { relative: true }) },
        { title: "", cell: (one) => actions(one) },
    ]);
    const pager = h("div", { class: "row", hidden: true });
    const none = h("p", { class: "muted", role: "status" });
    const content = h("div", { class: "stack" });

    function actions(one) {
        const node = button(`Actions of ${one.name}`, () => openMenu(node, [
            { text: "Try it", symbol: "play", action: () => navigate(`/endpoints/${one.id}`, { tab: "try" }) },
            { text: "Monitoring", symbol: "chart", action: () => openMonitoring(one, service) },
            { text: "Settings", symbol: "edit", action: () => navigate(`/endpoints/${one.id}`, { tab: "settings" }) },
            { text: "History", symbol: "history", action: () => navigate(`/endpoints/${one.id}`, { tab: "history" }) },
            { text: "Delete", symbol: "trash", danger: true, disabled: !allowed,
                action: async () => { if (await removeEndpoint(service, one)) { all = all.filter((other) => other.id !== one.id); show(); } } },
        ]), { symbol: "more", iconOnly: true, kind: "quiet", small: true });
        return node;
    }

    const matching = () => {
        const wanted = search.value.trim().toLowerCase();
        return all.filter((one) => [one.name, one.id, roleWords(one.roles), ...keyNames(one)].some((text) => text.toLowerCase().includes(wanted)));
    };
    const visible = () => matching().slice(at, at + pageSize);

    function show() {
        const found = matching();
        if (at >= found.length) at = Math.max(0, Math.floor((found.length - 1) / pageSize) * pageSize);
        if (all.length === 0) {
            replace(content, empty("No query has a URL yet",
                "Write a query, save it, then choose Share → API Endpoint. It gets a URL that programs and pages "
                    + "can call with a key, and parameters that they fill in.",
                h("a", { class: "button primary", href: href("/queries") }, "Write a query"), createButton()));
            return;
        }
        if (!content.contains(table)) replace(content, h("div", { class: "row" }, h("div", { class: "grow search" }, search)), none, table, pager);
        table.update(visible().map((one) => ({ ...one, usage: usage.get(one.id) ?? null })));
        table.hidden = found.length === 0;
        replace(none, found.length ? "" : "No endpoint matches the search.");
        none.hidden = found.length > 0;
        pager.hidden = found.length <= pageSize;
        replace(pager, button("Newer", () => { at -= pageSize; show(); ask(); }, { small: true, disabled: at === 0 }),
            h("span", { class: "small muted" }, `${count(at + 1)}–${count(Math.min(at + pageSize, found.length))} of ${count(found.length)}`),
            button("Older", () => { at += pageSize; show(); ask(); }, { small: true, disabled: at + pageSize >= found.length }));
    }

    /** The counts of the last hour: one request for each endpoint in sight, four at a time, none again within three seconds. */
    const waiting = new Set();
    let busy = 0;
    function ask(ids = visible().map((one) => one.id).filter((id) => !usage.has(id))) {
        for (const id of ids) waiting.add(id);
        while (busy < 4 && waiting.size) next();
    }
    async function next() {
        const id = waiting.values().next().value;
        waiting.delete(id);
        busy += 1;
        try {
            usage.set(id, (await get(endpointPath(service, `/${id}/monitoring?step=3600`), { signal, unasked: true })).total);
            show();
        } catch { /* stopped, or gone meanwhile: no numbers */ }
        busy -= 1;
        if (!signal.aborted && waiting.size) ask([]);
    }
    let timer = null;
    const told = new Map(), changed = new Set();
    listen("calls", (data) => {
        for (const [id, number] of Object.entries(data.endpoints ?? {})) {
            if (told.has(id) && told.get(id) !== number) changed.add(id);
            told.set(id, number);
        }
        if (changed.size) timer ??= setTimeout(() => {
            timer = null;
            const ids = visible().map((one) => one.id).filter((id) => changed.has(id));
            changed.clear();
            ask(ids);
        }, 3000);
    }, signal);
    signal.addEventListener("abort", () => clearTimeout(timer));

    function createButton() {
        return button("New endpoint", async () => {
            const made = await openCreateDialog(service, keys);
            if (made) navigate(`/endpoints/${made.id}`);
        }, { symbol: "plus", kind: all.length ? "primary" : "", disabled: !allowed, title: why });
    }
    all.sort((a, b) => String(b.updatedAt).localeCompare(String(a.updatedAt)));
    show();
    ask();
    return h("div", { class: "page" },
        h("div", { class: "page-head" }, h("h1", {}, "API endpoints"),
            all.length ? h("div", { class: "row" }, openapiButton(service, null), createButton()) : null),
        allowed ? null : notice("Your key may see the endpoints but not change them.", "info"), content);
}
