import { h } from "../core/dom.js";
import { signIn } from "../core/session.js";
import { field } from "../components/field.js";
import { notice } from "../components/notice.js";

const usual = "Use an API key: the first one was printed when Penstock started, and stands in its credentials file.";

/** Asks for a key; calls `signedIn()` when the server took it. */
export function signInForm(signedIn, { problem = null, title = "Sign in to Penstock", text = usual } = {}) {
    const keyId = h("input", { name: "username", autocomplete: "username", required: true, spellcheck: "false", autocapitalize: "off" });
    const keySecret = h("input", { name: "password", type: "password", autocomplete: "current-password", required: true });
    const told = h("div", { "aria-live": "assertive" }, problem ? notice(problem, "bad") : null);
    const go = h("button", { type: "submit", class: "button primary" }, "Sign in");
    const icon = h("img", { src: "/console/icon.svg", alt: "", width: "34", height: "34" });
    const form = h("form", {}, h("div", { class: "row" }, icon, h("h1", {}, title)),
        h("p", { class: "muted" }, text), told, field("Key id", keyId), field("Key secret", keySecret), go);
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        go.disabled = true;
        try {
            await signIn({ keyId: keyId.value.trim(), keySecret: keySecret.value.trim() });
            signedIn();
        } catch (error) {
            const text = error.status === 401 ? "Key id or secret is wrong, or the key is disabled or expired." : error.message;
            told.replaceChildren(notice(text, "bad"));
            keySecret.select();
        } finally {
            go.disabled = false;
        }
    });
    requestAnimationFrame(() => keyId.focus());
    return form;
}
