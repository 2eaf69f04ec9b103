// One pipe: what it does now, how far it is, what went wrong, and its settings.
import { h, replace } from "../core/dom.js";
import { get } from "../core/api.js";
import { servicePath } from "../core/session.js";
import { listen } from "../core/events.js";
import { pageStyle } from "../core/libraries.js";
import { href, navigate, replaceAddress } from "../core/router.js";
import { button } from "../components/button.js";
import { openMenu } from "../components/menu.js";
import { empty, notice } from "../components/notice.js";
import { tabs } from "../components/tabs.js";
import { timeText } from "../components/time.js";
import { actionItems, lacking, mayManage, startPipe, stopPipe } from "./actions.js";
import { isDatabase, kindOf, pipeKind, targetText } from "./kinds.js";
import { advice, commands, isFailed, stateBadge } from "./state.js";
import { overview } from "./detail/overview.js";
import { progress } from "./detail/progress.js";
import { errors } from "./detail/errors.js";
import { log } from "./detail/log.js";
import { settings } from "./detail/settings.js";
import { raw } from "./detail/raw.js";

export default async function page({ params, query, signal, title, service }) {
    const path = servicePath(service, `/clickpipes/${params.id}`);
    let first;
    try {
        [first] = await Promise.all([get(path, { signal }), pageStyle("pipes")]);
    } catch (error) {
        // 400: not even an id.
        if (error.status !== 404 && error.status !== 400) throw error;
        return h("div", { class: "page" }, h("h1", {}, "No such pipe"), empty("This pipe is not here",
            "It was deleted, or it belongs to another service.", h("a", { class: "button", href: href("/pipes") }, "Go to the pipes")));
    }

    const watchers = new Set();
    /** What the tabs work with: `pipe` is the newest document; `watch(handler, signal)` is told of each change. */
    const view = {
        pipe: first, service, path, signal,
        watch(handler, until) {
            watchers.add(handler);
            until.addEventListener("abort", () => watchers.delete(handler));
        },
        set(pipe) {
            if (!pipe) { navigate("/pipes"); return; }
            view.pipe = { ...pipe, serviceId: pipe.serviceId ?? service };
            showHead();
            for (const handler of watchers) handler(view.pipe);
        },
        async renew() {
            try { view.set(await get(path, { signal, unasked: true })); } catch (error) {
                if (error.status === 404) gone();
                else if (error.name !== "AbortError") console.warn(error.message);
            }
        },
        choose: (id) => all.choose(id),
        gone: false,
    };

    const name = h("h1", { class: "break" });
    const badge = stateBadge(first.state);
    const state = h("span", { role: "status", "aria-label": "State" }, badge);
    const line = h("div", { class: "muted break" });
    const may = mayManage(service);
    const act = (text, symbol, action) => button(text, async () => {
        await action(view.pipe, view.set);
        // The button may be gone then: the next one takes the focus.
        if (document.activeElement === document.body) [start, stop, more].find((one) => !one.hidden && !one.disabled)?.focus();
    }, { symbol, title: may ? null : lacking });
    const start = act("Start", "play", startPipe), stop = act("Stop", "stop", stopPipe);
    const more = button("More actions", () => openMenu(more, actionItems(view.pipe, view.set)), { symbol: "more", iconOnly: true });
    const trouble = h("div", { class: "trouble" });
    const message = h("div", { class: "break", dataset: { test: "state-message" } });
    const doing = h("div", { class: "row tight" }, start, stop, more);
    let told = null;

    function showHead() {
        const { pipe } = view;
        title(pipe.name);
        name.textContent = pipe.name;
        badge.update(pipe.state);
        replace(line, `${kindOf(pipeKind(pipe)).title} → ${targetText(pipe)} · changed `, timeText(pipe.updatedAt, { relative: true }));
        const now = commands(pipe);
        [start.hidden, stop.hidden] = [!now.start, !now.stop];
        [start.disabled, stop.disabled] = [!may, !may];
        showTrouble(pipe);
    }

    /** What is wrong, and what a person can do about it. A message that counts its tries is changed in place, under whoever reads it. */
    function showTrouble(pipe) {
        const help = advice(pipe), failed = isFailed(pipe.state);
        const shown = Boolean(pipe.stateMessage) || failed;
        const text = shown ? [pipe.state, help].join("\n") : "";
        message.textContent = pipe.stateMessage ?? "It gave no reason; the log may.";
        if (text === told) return;
        told = text;
        if (!shown) { replace(trouble); return; }
        const links = [["log", "See the log"], ...(isDatabase(pipeKind(pipe)) ? [["progress", "See the tables"]] : [["errors", "See the errors"]]),
            ["settings", may ? "Change the settings" : "See the settings"]];
        replace(trouble, notice(h("strong", {}, failed ? "The pipe has failed" : "What it waits for"), failed ? "bad" : "warn", message,
            help ? h("div", { dataset: { test: "advice" } }, help) : null,
            h("div", { class: "row tight" }, links.map(([id, words]) => button(words, () => view.choose(id), { small: true })))));
    }

    function gone() {
        view.gone = true;
        replace(trouble, notice("This pipe was deleted.", "warn", h("div", {}, h("a", { href: href("/pipes") }, "Go to the pipes"))));
        doing.hidden = true;
    }

    // Kept while one looks at another tab: what was typed stays. A pipe that has completed has other settings.
    let kept = null, keptCompleted = null;
    function showSettings() {
        const completed = view.pipe.state === "Completed";
        if (kept && keptCompleted === completed) return kept;
        keptCompleted = completed;
        kept = settings(view, signal).catch((error) => { kept = null; throw error; });
        return kept;
    }

    const all = tabs("Parts of the pipe", [
        { id: "overview", text: "Overview", show: (until) => overview(view, until) },
        { id: "progress", text: isDatabase(pipeKind(first)) ? "Tables" : pipeKind(first) === "objectStorage" ? "Files" : "Progress",
            show: (until) => progress(view, until) },
        { id: "errors", text: "Errors", show: (until) => errors(view, until) },
        { id: "log", text: "Log", show: (until) => log(view, until) },
        { id: "settings", text: "Settings", show: showSettings },
        { id: "raw", text: "Raw", show: (until) => raw(view, until) },
    ], { initial: query.get("tab") ?? "overview", chosen: (id) => replaceAddress(`/pipes/${params.id}`, id === "overview" ? {} : { tab: id }),
        signal });

    listen("pipes", (data) => {
        if (data.removed?.includes(params.id)) { gone(); return; }
        const told = data.pipes.find((one) => one.id === params.id);
        if (!told || view.gone) return;
        const before = view.pipe;
        const same = ["name", "state", "stateMessage", "updatedAt"].every((member) => (told[member] ?? null) === (before[member] ?? null));
        if (!same) view.set({ ...before, name: told.name, state: told.state, stateMessage: told.stateMessage ?? undefined,
            updatedAt: told.updatedAt });
        // More than the state may have changed: the document is read anew, once.
        if (told.updatedAt !== before.updatedAt) view.renew();
    }, signal);
    showHead();
    return h("div", { class: "page" },
        h("div", { class: "stack" }, h("a", { class: "small back-link", href: href("/pipes") }, "All pipes"),
            h("div", { class: "page-head" }, h("div", { class: "row" }, name, state), doing), line, trouble),
        all.element);
}
