// Publishing SQL that is not saved as a query.
import { h } from "../core/dom.js";
import { button } from "../components/button.js";
import { openDialog } from "../components/dialog.js";
import { toast } from "../components/toast.js";
import { createEndpoint } from "./data.js";
import { endpointForm } from "./form.js";
import { secretKept } from "./made.js";

/** Answers the new endpoint, undefined when it was not made. */
export function openCreateDialog(service, keys) {
    return openDialog("New endpoint", (close) => {
        const form = endpointForm({}, { keys, service, withSQL: true });
        return {
            body: [h("p", { class: "muted" }, "One statement under a URL of its own. Callers choose values for its parameters, and nothing else."),
                form],
            foot: [button("Cancel", () => close()), button("Create endpoint", async () => {
                const made = await form.send((body) => createEndpoint(service, body));
                if (!made) return;
                secretKept(form.made);
                toast("The endpoint is live");
                close(made);
            }, { kind: "primary", attributes: { "data-test": "publish" } })],
        };
    }, { wide: true });
}
