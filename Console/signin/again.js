import { h } from "../core/dom.js";
import { resume, session } from "../core/session.js";
import { signInForm } from "./form.js";

let isOpen = false;

/** The session has ended: asks for the key above the page, which stays as it is. Nothing that was written is lost. */
export function reauthenticate() {
    if (isOpen) return;
    isOpen = true;
    const dialog = h("dialog", { "aria-label": "Sign in again" });
    const form = signInForm(() => {
        isOpen = false;
        dialog.close();
        dialog.remove();
        window.dispatchEvent(new Event("sessionrenewed"));
    }, { title: "Sign in again", text: "Your session has ended. What you wrote is still here; sign in to go on." });
    dialog.className = "signin-again";
    dialog.append(h("div", { class: "dialog-body" }, form));
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    document.body.append(dialog);
    dialog.showModal();
    // Another tab may have signed in meanwhile.
    window.addEventListener("focus", async () => {
        if (!isOpen || session()) return;
        try {
            if (await resume()) { isOpen = false; dialog.close(); dialog.remove(); window.dispatchEvent(new Event("sessionrenewed")); }
        } catch { /* still unreachable: the form says so when it is used */ }
    });
}
