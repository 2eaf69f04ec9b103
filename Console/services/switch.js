// Starting, stopping and renaming a service.
import { h, replace } from "../core/dom.js";
import { button } from "../components/button.js";
import { confirmed, openDialog } from "../components/dialog.js";
import { field, showProblems } from "../components/field.js";
import { notice } from "../components/notice.js";
import { toast, toastError } from "../components/toast.js";
import { commandService, renameService } from "./data.js";

/** Starts it; answers the service as it is then, undefined when that failed. */
export async function startService(service) {
    try {
        const changed = await commandService(service.id, "start");
        toast(`“${service.name}” starts`);
        return changed;
    } catch (error) { return toastError(error); }
}

/** Asks, then stops it. */
export async function stopService(service) {
    let changed;
    await confirmed(`Stop ${service.name}?`, {
        text: "Its pipes stop too, until it is started again: they then go on where they were. "
            + "Its query endpoints answer that the service is not there, and the query editor cannot run anything on it.",
        action: "Stop service", work: async () => { changed = await commandService(service.id, "stop"); },
    });
    if (changed) toast(`“${service.name}” stops`);
    return changed;
}

/** Asks for another name; answers the renamed service. */
export function openRename(service) {
    return openDialog(`Rename ${service.name}`, (close) => {
        const name = h("input", { value: service.name, maxlength: 50, autocomplete: "off" });
        const problem = h("div", { "aria-live": "polite" });
        const save = button("Rename", async () => {
            try {
                const changed = await renameService(service.id, name.value.trim());
                window.dispatchEvent(new Event("serviceschange"));
                close(changed);
            } catch (error) {
                const rest = showProblems(form, error);
                if (rest.length) replace(problem, notice(rest.join("; "), "bad"));
            }
        }, { kind: "primary" });
        const form = h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); save.click(); } },
            field("Name", name, { path: "name", hint: "Only for people: pipes, endpoints and programs use the id." }), problem);
        return { body: form, foot: [button("Cancel", () => close()), save] };
    });
}
