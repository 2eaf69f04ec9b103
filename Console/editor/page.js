// The page for writing, running, saving and sharing queries.
import { h } from "../core/dom.js";
import { href } from "../core/router.js";
import { codeMirror, pageStyle } from "../core/libraries.js";
import { can, permissions } from "../core/session.js";
import { empty, notice } from "../components/notice.js";
import { toastError } from "../components/toast.js";
import { Drafts } from "./drafts.js";
import { loadQuery } from "./queries.js";
import { workbench } from "./workbench.js";

// Asked for at once, beside everything else that the page needs.
codeMirror().catch(() => { /* the editor does without it */ });

export default async function page({ params, query, signal, title, service }) {
    title("Queries");
    await pageStyle("editor");
    if (!service) {
        return h("div", { class: "page" }, h("h1", {}, "Queries"),
            empty("No service yet", "A service is the ClickHouse that queries run on. Add one first.",
                h("a", { class: "button primary", href: href("/services") }, "Go to the services")));
    }
    const drafts = new Drafts(service);
    const variables = Object.fromEntries([...query].filter(([name]) => name.startsWith("param_")).map(([name, value]) => [name.slice(6), value]));
    let problem = null;
    if (params.id) {
        try {
            drafts.open(await loadQuery(service, params.id), variables);
        } catch (error) {
            if (error.status === 401) throw error;
            problem = error.status === 404 || error.status === 400
                ? "There is no such query on this service: it was deleted, or it belongs to another service." : error.message;
        }
    } else if (query.get("sql")) {
        drafts.add({ sql: query.get("sql"), database: query.get("database") ?? "default", variables });
    }
    const bench = await workbench({ service, drafts, signal, title, mayRun: can(permissions.useSQL, service) });
    bench.classList.add("page", "full", "editor-page");
    if (problem) bench.prepend(h("div", { class: "editor-problem" }, notice(problem, "warn")));
    bench.prepend(h("h1", { class: "visually-hidden" }, "Queries"));
    window.addEventListener("storage", (event) => { if (event.key?.endsWith(drafts.key)) drafts.merge(); }, { signal });
    window.addEventListener("pagehide", () => drafts.keep(), { signal });
    signal.addEventListener("abort", () => { try { drafts.keep(); } catch (error) { toastError(error); } });
    return bench;
}
