// Begins: finds the session, signs in where there is none, then shows pages.
import { h, replace } from "./core/dom.js";
import { page, start } from "./core/router.js";
import { resume, signIn } from "./core/session.js";
import { signInForm } from "./signin/form.js";
import { reauthenticate } from "./signin/again.js";
import { shell } from "./shell.js";

page("/", "queries", () => import("./editor/page.js"));
page("/queries", "queries", () => import("./editor/page.js"));
page("/queries/{id}", "queries", () => import("./editor/page.js"));
page("/endpoints", "endpoints", () => import("./endpoints/list.js"));
page("/endpoints/{id}", "endpoints", () => import("./endpoints/detail.js"));
page("/pipes", "pipes", () => import("./pipes/list.js"));
page("/pipes/new", "pipes", () => import("./pipes/create.js"));
page("/pipes/{id}", "pipes", () => import("./pipes/detail.js"));
page("/keys", "keys", () => import("./keys/list.js"));
page("/services", "services", () => import("./services/list.js"));
page("/services/{id}", "services", () => import("./services/detail.js"));
page("/activity", "activity", () => import("./activity/list.js"));

const app = document.getElementById("app");

/** The one-time link of the terminal: `#/once/<code>`. It is taken out of the address before anything else. */
async function once() {
    const match = /^#\/once\/([\w-]+)$/.exec(location.hash);
    if (!match) return { session: null, problem: null };
    history.replaceState(null, "", "/");
    try {
        return { session: await signIn({ code: match[1] }), problem: null };
    } catch (error) {
        return { session: null, problem: error.message };
    }
}

async function begin() {
    const link = await once();
    let known = link.session;
    let problem = link.problem;
    if (!known) {
        try { known = await resume(); } catch (error) { problem = error.message; }
    }
    if (!known) {
        document.title = "Sign in · Penstock";
        await new Promise((signedIn) => replace(app, h("main", { class: "signin" }, signInForm(signedIn, { problem }))));
    }
    const { element, show } = shell();
    replace(app, element);
    window.addEventListener("sessionend", reauthenticate);
    await start(show);
}

begin();
