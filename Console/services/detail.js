// One service: state, sizes, and who may reach it over HTTP.
import { h, replace } from "../core/dom.js";
import { listen } from "../core/events.js";
import { duration } from "../core/format.js";
import { pageStyle } from "../core/libraries.js";
import { href } from "../core/router.js";
import { can, permissions, servicePath } from "../core/session.js";
import { button } from "../components/button.js";
import { copyText } from "../components/code.js";
import { empty, notice } from "../components/notice.js";
import { timeText } from "../components/time.js";
import { addressWords, placeWords, readService, serverFacts, stateWords } from "./data.js";
import { cdcSection } from "./cdc.js";
import { privateSection } from "./private.js";
import { routeSection } from "./route.js";
import { sizesSection } from "./sizes.js";
import { openRename, startService, stopService } from "./switch.js";

export default async function page({ params, signal, title }) {
    await pageStyle("endpoints");
    let service;
    try {
        service = await readService(params.id, signal);
    } catch (error) {
        // 400: what stands in the address is no id.
        if (error.status !== 404 && error.status !== 400) throw error;
        title("No such service");
        return h("div", { class: "page" }, h("h1", {}, "No such service"),
            empty("It is not in the configuration", "Or your key may not see it.",
            h("a", { class: "button", href: href("/services") }, "All services")));
    }
    const allowed = can(permissions.manageService, service.id);
    const why = allowed ? null : "Your key may not manage this service";
    const heading = h("h1", { class: "break" });
    const state = h("span", { class: "row tight", role: "status" });
    const actions = h("div", { class: "row" });
    const facts = h("dl", { class: "terms" });
    const attention = h("div");
    let server = null;

    function show() {
        title(service.name);
        const { text, kind } = stateWords(service.state);
        replace(heading, service.name);
        replace(state, h("span", { class: `badge ${kind}` }, text));
        const stopped = service.state === "stopped" || service.state === "failed";
        replace(actions, button("Rename", async () => adopt(await openRename(service)), { symbol: "edit", disabled: !allowed, title: why }),
            stopped ? button("Start", async () => adopt(await startService(service)),
                { symbol: "play", kind: "primary", disabled: !allowed, title: why })
                : button("Stop", async () => adopt(await stopService(service)),
                    { symbol: "stop", kind: "danger", disabled: !allowed || service.state === "terminated", title: why }));
        replace(attention, {
            stopped: notice("The service is stopped, and its pipes with it. Start it to go on.", "info"),
            failed: notice("The server does not answer. Check that it runs and that Penstock's configuration has its address and password.", "bad"),
            degraded: notice("The server does not answer. Check that it runs and can be reached from here; its pipes wait, and everything goes on "
                + "by itself when it is back.", "warn"),
            terminated: notice("The service is no longer in Penstock's configuration. What was stored of it stays.", "warn"),
        }[service.state] ?? null);
        const all = [
            ["ClickHouse", service.clickhouseVersion ?? "not reached yet"], ["Runs", placeWords(service)],
            ["Up for", server ? duration(server.uptime * 1000) : "–"], ["Host", server?.host ?? "–"], ["Time zone", server?.zone ?? "–"],
            ["Address", (service.endpoints ?? []).map(addressWords).join(", ") || "–"],
            ["User", service.endpoints?.find((one) => one.username)?.username ?? "–"],
            ["First seen", timeText(service.createdAt)], ["Id", service.id],
        ];
        replace(facts, all.map(([term, value]) => h("div", {}, h("dt", {}, term), h("dd", { class: "break" }, value))));
    }

    function adopt(changed) {
        if (!changed || changed.id !== service.id) return;
        const woke = changed.state === "running" && service.state !== "running";
        service = { ...service, ...changed };
        show();
        if (!woke) return;
        ask();
        sizes.renew(service);
    }

    async function ask() {
        if (service.state !== "running" || !can(permissions.useSQL, service.id)) return;
        try {
            server = await serverFacts(service.id, signal);
            show();
        } catch { /* a server that does not answer has no facts; the state above says so */ }
    }

    const sizes = sizesSection(service, signal);
    listen("services", (data) => { for (const one of data.services) adopt(one); }, signal);
    show();
    ask();
    const metrics = location.origin + servicePath(service.id, "/prometheus");
    return h("div", { class: "page" }, h("nav", { "aria-label": "Path" }, h("a", { href: href("/services") }, "Services")),
        h("div", { class: "page-head" }, h("div", { class: "row" }, heading, state), actions), attention,
        h("section", { class: "card", "aria-label": "Server" }, h("h2", {}, "Server"), facts),
        sizes, routeSection(service, signal), cdcSection(service, signal),
        h("section", { class: "card stack", "aria-label": "Metrics" }, h("h2", {}, "Metrics"),
            h("p", { class: "muted" }, "Prometheus reads the service's pipes and endpoints here, with a key's id and secret by HTTP Basic."),
            h("div", { class: "row tight address" }, h("code", { class: "break grow" }, metrics),
                button("Copy the metrics URL", () => copyText(metrics), { symbol: "copy", small: true, iconOnly: true }))),
        privateSection(service, signal));
}
