// The ClickHouse services of the configuration.
import { h } from "../core/dom.js";
import { listen } from "../core/events.js";
import { pageStyle } from "../core/libraries.js";
import { href } from "../core/router.js";
import { can, permissions } from "../core/session.js";
import { button } from "../components/button.js";
import { empty } from "../components/notice.js";
import { openMenu } from "../components/menu.js";
import { dataTable } from "../components/table.js";
import { timeText } from "../components/time.js";
import { addressWords, allServices, placeWords, stateWords } from "./data.js";
import { openRename, startService, stopService } from "./switch.js";

export default async function page({ title, signal }) {
    title("Services");
    await pageStyle("endpoints");
    let services = await allServices(signal);
    const head = h("div", { class: "page-head" }, h("h1", {}, "Services"));
    if (services.length === 0) {
        return h("div", { class: "page" }, head,
            empty("There is no ClickHouse service",
            "Services are ClickHouse servers: name yours in Penstock's configuration file under “services”, or start “penstock up”, "
            + "which brings its own. Your key may also see none: ask for the permission to view services."));
    }
    const table = dataTable("Services", [
        { title: "Name", cell: (one) => h("a", { class: "break", href: href(`/services/${one.id}`) }, one.name) },
        { title: "State", cell: (one) => h("span", { class: `badge ${stateWords(one.state).kind}` }, stateWords(one.state).text) },
        { title: "ClickHouse", cell: (one) => one.clickhouseVersion ?? h("span", { class: "muted" }, "not reached yet") },
        { title: "Runs", cell: placeWords },
        { title: "Address", cell: (one) => h("span", { class: "break" }, (one.endpoints ?? []).map(addressWords).join(", ") || "–") },
        { title: "First seen", cell: (one) => timeText(one.createdAt) },
        { title: "", cell: actions },
    ]);

    function actions(one) {
        const allowed = can(permissions.manageService, one.id);
        const node = button(`Actions of ${one.name}`, () => openMenu(node, [
            one.state === "stopped" || one.state === "failed"
                ? { text: "Start", symbol: "play", disabled: !allowed, action: async () => adopt(await startService(one)) }
                : { text: "Stop", symbol: "stop", danger: true, disabled: !allowed || one.state === "terminated",
                    action: async () => adopt(await stopService(one)) },
            { text: "Rename", symbol: "edit", disabled: !allowed, action: async () => adopt(await openRename(one)) },
        ]), { symbol: "more", iconOnly: true, small: true, kind: "quiet" });
        return node;
    }

    function adopt(changed) {
        if (!changed) return;
        services = services.map((one) => one.id === changed.id ? { ...one, ...changed } : one);
        table.update(services);
    }
    listen("services", (data) => { for (const one of data.services) adopt(one); }, signal);
    table.update(services);
    return h("div", { class: "page" }, head,
        h("p", { class: "muted" }, "The ClickHouse servers that pipes write to and queries run on. "
        + "They are added and removed in Penstock's configuration."), table);
}
