// The size that all database pipes of a service share; there is one from the first such pipe on.
import { h, replace } from "../core/dom.js";
import { get, patch } from "../core/api.js";
import { can, permissions, servicePath } from "../core/session.js";
import { button } from "../components/button.js";
import { field, select, showProblems } from "../components/field.js";
import { notice } from "../components/notice.js";
import { toast } from "../components/toast.js";

const databases = ["postgres", "mysql", "mongodb", "bigquery"];
const sizes = [1, 2, 4, 8, 16, 24, 32];

/** A card, hidden until the service has a database pipe. */
export function cdcSection(service, signal) {
    const path = servicePath(service.id, "/clickpipesCdcScaling");
    const node = h("section", { class: "card stack", "aria-label": "Database pipes", hidden: true });
    const allowed = can(permissions.managePipes, service.id);

    function show(scaling) {
        const cores = scaling.replicaCpuMillicores / 1000;
        const words = (one) => `${one} ${one === 1 ? "core" : "cores"}, ${one * 4} GiB of memory`;
        const offered = [...new Set([...sizes, cores])].sort((a, b) => a - b);
        const choice = select(offered.map((one) => ({ value: String(one), text: words(one) })), String(cores), { disabled: !allowed });
        const problem = h("div", { "aria-live": "polite" });
        const form = h("div", { class: "stack narrow" }, field("Size", choice, { path: "replicaCpuMillicores" }), problem,
            h("div", { class: "row" }, button("Resize", async () => {
                try {
                    const changed = await patch(path,
                        { replicaCpuMillicores: Number(choice.value) * 1000, replicaMemoryGb: Number(choice.value) * 4 });
                    toast("The database pipes were resized");
                    show(changed);
                } catch (error) {
                    const rest = showProblems(form, error);
                    if (rest.length) replace(problem, notice(rest.join("; "), "bad"));
                }
            }, { disabled: !allowed, title: allowed ? null : "Your key may not manage pipes" })));
        replace(node, h("h2", {}, "Database pipes"),
            h("p", { class: "muted" }, "All pipes from databases share this size: how many tables are loaded at once, "
            + "and how much waits in memory."), form);
        node.hidden = false;
    }
    const load = async () => {
        const pipes = await get(servicePath(service.id, "/clickpipes"), { signal });
        if (pipes.some((pipe) => databases.some((kind) => pipe.source?.[kind]))) show(await get(path, { signal }));
    };
    load().catch((error) => {
        if (error.status === 404 || error.status === 403 || error.name === "AbortError") return;
        replace(node, h("h2", {}, "Database pipes"), notice(error.message, "bad"));
        node.hidden = false;
    });
    return node;
}
