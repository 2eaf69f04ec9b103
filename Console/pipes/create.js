// The guided form that makes a pipe: one step after the other, nothing is lost on the way back.
import { h, replace } from "../core/dom.js";
import { get } from "../core/api.js";
import { servicePath } from "../core/session.js";
import { pageStyle } from "../core/libraries.js";
import { guardLeaving, href, navigate } from "../core/router.js";
import { button } from "../components/button.js";
import { icon } from "../components/icon.js";
import { confirmed } from "../components/dialog.js";
import { empty, notice } from "../components/notice.js";
import { toast } from "../components/toast.js";
import { lacking, mayManage, noService } from "./actions.js";
import { placeProblems } from "./problems.js";
import { isDatabase } from "./kinds.js";
import { newDraft } from "./create/draft.js";
import { sourceStep } from "./create/source.js";
import { connectionStep } from "./create/connection.js";
import { sampleStep } from "./create/sample.js";
import { destinationStep } from "./create/destination.js";
import { tablesStep } from "./create/tables.js";
import { settingsStep } from "./create/settings.js";
import { reviewStep } from "./create/review.js";

const builders = { source: sourceStep, connection: connectionStep, sample: sampleStep, destination: destinationStep, tables: tablesStep,
    settings: settingsStep, review: reviewStep };
const titles = { source: "Source", connection: "Connection", sample: "Test and sample", destination: "Destination", tables: "Tables",
    settings: "Settings", review: "Review" };

const order = (draft) => (isDatabase(draft.kind) ? ["source", "connection", "tables", "settings", "review"]
    : ["source", "connection", "sample", "destination", "settings", "review"]);

/** The step on which the field with this path of the body stands. */
export function stepOf(path, draft) {
    const fields = draft.form?.fields ?? [];
    if (path === "name" || path === "source") return "connection";
    if (path.startsWith("source.") && path.includes(".tableMappings")) return "tables";
    if (path.startsWith("source.")) {
        const known = fields.find((one) => path === `source.${draft.kind}.${one.path}` || path.startsWith(`source.${draft.kind}.${one.path}.`));
        return known?.part ?? (/\.settings\b/.test(path) ? "settings" : "connection");
    }
    if (path.startsWith("destination") || path.startsWith("fieldMappings")) return isDatabase(draft.kind) ? "tables" : "destination";
    return "settings";
}

export default async function page({ signal, title, service }) {
    title("Create a pipe");
    if (!service) return h("div", { class: "page" }, h("h1", {}, "Create a pipe"), noService());
    const head = h("div", { class: "page-head" }, h("h1", {}, "Create a pipe"), h("a", { class: "button", href: href("/pipes") }, "Cancel"));
    if (!mayManage(service)) {
        return h("div", { class: "page" }, head, empty("This key may not create pipes",
            `${lacking}. Sign in with one that has it, or ask an administrator.`,
            h("a", { class: "button", href: href("/pipes") }, "Back to the pipes")));
    }
    const [context] = await Promise.all([get(servicePath(service, "/clickpipes/context"), { signal }).catch(() => ({})), pageStyle("pipes")]);
    const draft = newDraft();
    const wizard = { draft, service, signal, runnable: context.runnableSources ?? null, next, refused, created, kindChosen };
    const built = new Map();
    let reached = 0, current = "source", done = false;

    const heading = h("h2", { tabindex: "-1", class: "step-title" });
    const list = h("ol", { class: "steps", "aria-label": "Steps" });
    const messages = h("div", { class: "stack messages", "aria-live": "polite" });
    const place = h("form", { class: "step", autocomplete: "off", onsubmit: (event) => event.preventDefault(), onkeydown: (event) => {
        // Enter in a field goes on, as in every form.
        if (event.key !== "Enter" || !event.target.matches("input:not([type=checkbox], [type=radio])") || forward.hidden) return;
        event.preventDefault();
        next();
    } });
    const back = button("Back", () => show(order(draft)[order(draft).indexOf(current) - 1]));
    const forward = button("Next", () => next(), { kind: "primary" });
    const foot = h("div", { class: "row apart wizard-foot" }, back, forward);

    function showSteps() {
        const steps = order(draft);
        replace(list, steps.map((step, index) => {
            const is = step === current;
            const number = h("span", { class: "step-number", "aria-hidden": "true" }, index < steps.indexOf(current) ? icon("check") : index + 1);
            return h("li", {}, h("button", { type: "button", class: "step-link", disabled: index > reached, "aria-current": is ? "step" : null,
                dataset: { step }, onclick: () => { if (!is) show(step); } },
                number, titles[step]));
        }));
    }

    /** Shows a step; steps are built once for each kind and keep what was typed. */
    function show(step, { focus = true } = {}) {
        current = step;
        reached = Math.max(reached, order(draft).indexOf(step));
        if (!built.has(step)) built.set(step, builders[step](wizard));
        const view = built.get(step);
        view.enter?.();
        replace(messages);
        heading.textContent = titles[step];
        replace(place, view.element);
        showSteps();
        back.hidden = step === "source";
        forward.hidden = step === "source" || step === "review";
        foot.hidden = back.hidden && forward.hidden;
        if (focus) heading.focus();
        return view;
    }

    /** To the next step, unless this one lacks something. */
    function next() {
        const missing = built.get(current)?.missing?.() ?? [];
        if (missing.length) {
            const rest = placeProblems(place, missing);
            replace(messages, rest.length ? notice(rest.join("; "), "warn") : null);
            return;
        }
        show(order(draft)[order(draft).indexOf(current) + 1]);
    }

    /** Shows the step of the first problem with all problems of it; what names no field stands above. */
    function refused({ problems, rest }, what = "The pipe was not created") {
        if (!problems.length) { replace(messages, notice(rest.join("; "), "bad")); heading.focus(); return; }
        const step = stepOf(problems[0].field, draft);
        if (step !== current) show(step);
        const lost = placeProblems(place, problems);
        const others = problems.filter((one) => stepOf(one.field, draft) !== step);
        replace(messages, notice([what, ": ", problems.length === 1 ? "one thing is wrong." : `${problems.length} things are wrong.`], "bad",
            [...new Set([...lost, ...others.map((one) => `${one.field} ${one.message}`), ...rest])].map((text) => h("div", { class: "small" },
                text))));
        messages.scrollIntoView({ block: "nearest" });
    }

    function created(pipe) {
        done = true;
        guardLeaving(null);
        toast(`${pipe.name} is created`);
        navigate(`/pipes/${pipe.id}`);
    }

    function kindChosen() {
        for (const step of [...built.keys()]) if (step !== "source") built.delete(step);
        reached = 0;
        next();
    }

    guardLeaving(async () => done || !draft.kind || signal.aborted
        || confirmed("Leave the form?", { text: "What you have filled in is lost.", action: "Leave", danger: true, work: async () => {} }));
    show("source", { focus: false });
    return h("div", { class: "page wizard" }, head, h("nav", { "aria-label": "Steps" }, list),
        h("section", { class: "card stack wide" }, heading, messages, place, foot));
}
