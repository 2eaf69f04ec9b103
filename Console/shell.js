// The frame around every page: navigation, the service picker, theme, sign-out.
import { h, replace } from "./core/dom.js";
import { href, mayLeave, reload } from "./core/router.js";
import { get } from "./core/api.js";
import { organizationPath, session, signOut } from "./core/session.js";
import { chooseTheme, chosenTheme } from "./core/preferences.js";
import { liveState } from "./core/events.js";
import { chooseService, chosenService, knownServices } from "./core/services.js";
import { icon } from "./components/icon.js";
import { button } from "./components/button.js";
import { openMenu } from "./components/menu.js";
import { empty, notice } from "./components/notice.js";
import { toastError } from "./components/toast.js";

const areas = [
    ["queries", "Queries", "query"], ["endpoints", "API endpoints", "endpoint"], ["pipes", "ClickPipes", "pipe"],
    ["services", "Services", "service"], ["keys", "Keys", "key"], ["activity", "Activity", "activity"],
];

/** `{ element, show }`; `show(load, context)` puts a page of the router into the frame. */
export function shell() {
    const main = h("main", { id: "main", tabindex: "-1" });
    const links = new Map(areas.map(([area, text, symbol]) => [area, h("a", { href: href(`/${area}`) }, icon(symbol), text)]));
    const picker = h("select", { "aria-label": "Service", onchange: () => change(picker.value) });
    const status = h("div", { class: "who", role: "status" });
    const showLive = () => replace(status, liveState() === "waiting" ? h("span", { class: "badge warn" }, "Connection lost, trying again") : "");
    window.addEventListener("livechange", showLive);

    const frame = h("div", { class: "shell" },
        h("a", { class: "skip", href: "#main", onclick: (event) => { event.preventDefault(); main.focus(); } }, "Skip to the page"),
        h("header", { class: "topbar" },
            h("a", { class: "brand", href: href("/queries") }, h("img", { src: "/console/icon.svg", alt: "" }), "Penstock"),
            button("Menu", () => toggle(), { symbol: "menu", iconOnly: true, kind: "quiet" })),
        h("div", { class: "sidebar" },
            h("a", { class: "brand", href: href("/queries") }, h("img", { src: "/console/icon.svg", alt: "" }), "Penstock"),
            picker, h("nav", { "aria-label": "Areas" }, h("ul", {}, [...links.values()].map((link) => h("li", {}, link)))),
            h("div", { class: "foot" }, status,
                h("div", { class: "who clip", title: session().key.name }, session().key.name, " · ", session().organization.name),
                h("div", { class: "row tight" }, themeButton(),
                    button("Sign out", leave, { symbol: "signout", kind: "quiet", small: true })))),
        main);
    const toggle = (open = !frame.classList.contains("open")) => frame.classList.toggle("open", open);
    frame.addEventListener("click", (event) => { if (event.target === frame) toggle(false); });
    frame.addEventListener("keydown", (event) => { if (event.key === "Escape") toggle(false); });

    async function change(wanted) {
        if (!(await mayLeave())) { picker.value = chosenService() ?? ""; return; }
        chooseService(wanted);
        reload();
    }

    let services = null;
    async function fillPicker() {
        services ??= (await get(organizationPath("/services"))).filter((one) => one.state !== "terminated");
        knownServices(services);
        replace(picker, services.map((one) => h("option", { value: one.id }, one.name)));
        picker.value = chosenService() ?? "";
        picker.hidden = services.length < 2;
    }

    async function show(load, context) {
        toggle(false);
        for (const [area, link] of links) {
            if (area === context.area) link.setAttribute("aria-current", "page");
            else link.removeAttribute("aria-current");
        }
        const title = (text) => { document.title = `${text} · Penstock`; };
        let content;
        try {
            await fillPicker();
            content = load
                ? await (await load()).default({ ...context, title, service: chosenService() })
                : h("div", { class: "page" }, h("h1", {}, "No such page"),
                    empty("Nothing stands at this address", "It may have been deleted, or the link is cut off.",
                        h("a", { class: "button", href: href("/queries") }, "Go to the queries")));
        } catch (error) {
            if (context.signal.aborted || error.name === "AbortError") return;
            if (error.name !== "ApiError") console.error(error);
            content = h("div", { class: "page" }, h("h1", {}, "This page cannot be shown"),
                notice(error.message ?? String(error), "bad", h("div", { class: "row" }, button("Try again", reload, { symbol: "refresh" }))));
        }
        if (context.signal.aborted) return;
        replace(main, content);
        // By this the time from the address to the first page is measured.
        if (!performance.getEntriesByName("penstock-page").length) requestAnimationFrame(() => performance.mark("penstock-page"));
        window.scrollTo(0, 0);
        if (!main.contains(document.activeElement)) main.focus({ preventScroll: true });
    }
    for (const type of ["sessionrenewed", "serviceschange"]) window.addEventListener(type, () => { services = null; });
    return { element: frame, show };
}

async function leave() {
    try {
        await signOut();
        location.replace("/");
        location.reload();
    } catch (error) { toastError(error); }
}

function themeButton() {
    const choices = [[null, "As the system", "system"], ["light", "Light", "sun"], ["dark", "Dark", "moon"]];
    const node = button("Theme", () => openMenu(node, choices.map(([theme, text, symbol]) => ({
        text, symbol, checked: chosenTheme() === theme, action: () => chooseTheme(theme),
    }))), { symbol: "sun", kind: "quiet", small: true });
    return node;
}
