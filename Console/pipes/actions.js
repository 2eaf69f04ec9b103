// What can be done with a pipe: start, stop, resync, delete; in the list and on the page of one.
import { h } from "../core/dom.js";
import { patch, remove } from "../core/api.js";
import { can, permissions, servicePath } from "../core/session.js";
import { href } from "../core/router.js";
import { button } from "../components/button.js";
import { confirmed, openDialog } from "../components/dialog.js";
import { choice } from "../components/field.js";
import { empty, notice } from "../components/notice.js";
import { toast, toastError } from "../components/toast.js";
import { commands } from "./state.js";
import { isDatabase, mappingSource, pipeKind, targets } from "./kinds.js";

export const pipePath = (pipe, rest = "") => servicePath(pipe.serviceId, `/clickpipes/${pipe.id}${rest}`);
export const mayManage = (service) => can(permissions.managePipes, service);

/** The title of a control that the key may not use. */
export const lacking = `This key lacks the permission ${permissions.managePipes}`;

/** What stands in place of pipes where there is no ClickHouse to write to. */
export const noService = () => empty("No service",
    "A pipe writes into a ClickHouse service, and this key sees none. Add one to the configuration, or use another key.",
    h("a", { class: "button", href: href("/services") }, "Go to the services"));

async function command(pipe, body, done, text) {
    try {
        const result = await patch(pipePath(pipe, "/state"), body);
        toast(text);
        await done(result);
    } catch (error) { toastError(error); }
}

export const startPipe = (pipe, done) => command(pipe, { command: "start" }, done, `${pipe.name} is starting`);
export const stopPipe = (pipe, done) => command(pipe, { command: "stop" }, done, `${pipe.name} is stopping`);

/** Asks which tables are to be loaded anew; all of them unless some are chosen. */
export async function resyncPipe(pipe, done) {
    const mappings = pipe.source?.[pipeKind(pipe)]?.tableMappings ?? [];
    const boxes = mappings.map((one) => choice(`${mappingSource(one)} → ${one.targetTable}`, { checked: true, value: one.targetTable }));
    await openDialog(`Resync ${pipe.name}`, (close) => {
        const problem = h("div", { "aria-live": "polite" });
        const go = button("Resync", async () => {
            const chosen = boxes.filter((one) => one.input.checked).map((one) => one.input.value);
            if (!chosen.length) { problem.replaceChildren(notice("Choose at least one table", "warn")); return; }
            try {
                const body = chosen.length === boxes.length ? { command: "resync" } : { command: "resync", tables: chosen };
                const result = await patch(pipePath(pipe, "/state"), body);
                toast(`${pipe.name} loads ${chosen.length === boxes.length ? "all its tables" : chosen.join(", ")} anew`);
                close(true);
                await done(result);
            } catch (error) { problem.replaceChildren(notice(error.message, "bad")); }
        }, { kind: "primary" });
        return {
            body: [h("p", {}, "The tables are loaded anew beside the old ones, which stay readable until they change places."),
                h("fieldset", { class: "stack" }, h("legend", {}, "Tables"), boxes), problem],
            foot: [button("Cancel", () => close(false)), go],
        };
    });
}

/** Deletes after its name was typed. A clean-up at the source that fails can be left undone by force. */
export async function deletePipe(pipe, done) {
    const kept = targets(pipe);
    const text = [`${pipe.name} ends, and its checkpoints, errors shown here and settings go with it. `,
        kept.length ? `Target tables stay with their rows: ${kept.slice(0, 5).join(", ")}` : "",
        kept.length > 5 ? ` and ${kept.length - 5} more` : "", kept.length ? ". " : "",
        isDatabase(pipeKind(pipe)) ? "What the pipe made at its source, such as a replication slot, is removed there." : ""];
    let unclean = null;
    const work = async () => {
        try { await remove(pipePath(pipe)); } catch (error) {
            if (error.status !== 424) throw error;
            unclean = error;
        }
    };
    if (!await confirmed(`Delete ${pipe.name}?`, { text, typed: pipe.name, action: "Delete the pipe", work })) return;
    if (unclean && !await confirmed("The source cannot be cleaned up", {
        text: [h("span", {}, unclean.message), h("br"), h("br"),
            "Delete the pipe all the same? What it made at its source (replication slot, publication) then stays there until somebody removes it."],
        action: "Delete all the same", work: () => remove(pipePath(pipe) + "?force=true"),
    })) return;
    toast(`${pipe.name} is deleted`);
    await done(null);
}

/** Items for a menu, those that the state or the key does not allow disabled. `done(pipe)` gets what the pipe is then; null: deleted. */
export function actionItems(pipe, done) {
    const may = mayManage(pipe.serviceId);
    const now = commands(pipe);
    return [
        { text: "Start", symbol: "play", disabled: !may || !now.start, action: () => startPipe(pipe, done) },
        { text: "Stop", symbol: "stop", disabled: !may || !now.stop, action: () => stopPipe(pipe, done) },
        isDatabase(pipeKind(pipe)) ? { text: "Resync…", symbol: "refresh", disabled: !may || !now.resync, action: () => resyncPipe(pipe, done) }
            : null,
        { text: "Delete…", symbol: "trash", danger: true, disabled: !may, action: () => deletePipe(pipe, done) },
    ];
}
