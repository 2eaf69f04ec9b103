import { h } from "../core/dom.js";
import { resume, session } from "../core/session.js";
import { signInForm } from "./form.js";

let isOpen = false;

/**
 * The session has ended: asks for the key above the page, which stays as it is. Nothing that was written is lost, unless another key is
 * given. `detail`, of the event that tells of the end: the session that ended.
 */
export function reauthenticate({ detail: before }) {
    if (isOpen) return;
    isOpen = true;
    const over = new AbortController();
    const { signal } = over;
    const dialog = h("dialog", { class: "signin-again", "aria-label": "Sign in again" });
    const renewed = () => {
        if (signal.aborted) return;
        isOpen = false;
        over.abort();
        dialog.close();
        dialog.remove();
        window.dispatchEvent(new Event("sessionrenewed"));
        // The page shows the name of the old key, and offers what that one may do.
        if (session().key.id !== before.key.id) location.reload();
    };
    const form = signInForm(renewed, {
        title: "Sign in again",
        text: "Your session has ended. What you wrote is still here; sign in to go on. With another key the page is loaded anew.",
    });
    dialog.append(h("div", { class: "dialog-body" }, form));
    dialog.addEventListener("cancel", (event) => event.preventDefault(), { signal });
    // Chrome lets a second Escape through whatever is said to it.
    dialog.addEventListener("close", () => dialog.showModal(), { signal });
    document.body.append(dialog);
    dialog.showModal();
    // Another tab may have signed in meanwhile.
    window.addEventListener("focus", async () => {
        try {
            if (session() || await resume()) renewed();
        } catch { /* still unreachable: the form says so when it is used */ }
    }, { signal });
}
