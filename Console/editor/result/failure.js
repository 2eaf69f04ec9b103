// Why a statement failed, in words that can be acted on, with a link to the place in the SQL.
import { h, replace } from "../../core/dom.js";
import { rows } from "../../core/api.js";
import { href } from "../../core/router.js";
import { button } from "../../components/button.js";
import { notice } from "../../components/notice.js";

const advice = {
    0: "No answer came; a statement that writes may have run all the same. Check that Penstock and the network are up, then run again.",
    429: "Too many statements at the same time, or too many in a minute: wait, then run again.",
    502: "ClickHouse refuses the user that Penstock signs in with. Check the service's user and password.",
    503: "ClickHouse does not answer or has no room. Check that it runs (Services), then run again.",
    504: "The time was up. Ask for less, for example by LIMIT or a narrower WHERE.",
};

/** `actions`: `{ service, goTo(result), wake(result) }`. */
export function failureNotice(result, actions) {
    if (result.state === "stopped") {
        const may = /confirm/i.test(result.text ?? "");
        const text = may ? "The service is stopped. Running a statement starts it." : "The service is stopped, and this key may not start it.";
        return notice(text, "warn", h("div", { class: "row" },
            may ? button("Start it and run", () => actions.wake(result), { symbol: "play" }) : null,
            h("a", { href: href("/services") }, "Services")));
    }
    const { error } = result;
    const code = /^\d+$/.test(error.code) ? `ClickHouse error ${error.code}` : null;
    const permission = error.status === 403
        ? "This key or its database role may not do this. Somebody who manages keys can give it another role." : null;
    // A number is ClickHouse's own and its message says more; but for a wrong password it says nothing to whoever may mend it.
    const known = error.status === 502 && code && !["192", "193", "194", "516"].includes(error.code);
    const words = known ? null : advice[error.status];
    const place = actions.place(result);
    const message = h("div", { class: "failure-text", dataset: { test: "result-error" } }, shortened(error.message));
    const found = h("div", { "aria-live": "polite" });
    return notice(message, "bad",
        h("div", { class: "row small" },
            code ? h("span", { class: "muted" }, code) : null,
            place ? button(`Go to line ${place.line}, column ${place.column}`, () => actions.goTo(result), { small: true, symbol: "right" }) : null,
            error.code === "BROKEN_OFF" && result.queryID
                ? button("Ask the server why", () => ask(result, actions.service, found), { small: true }) : null),
        words ?? permission ? h("p", { class: "small" }, words ?? permission) : null, found);
}

/** ClickHouse lists everything that it expected; the first part is what helps, the rest can be unfolded. */
function shortened(message) {
    const at = message.search(/\. Expected one of: /);
    if (at < 0 || message.length < 400) return message;
    return [message.slice(0, at + 1), h("details", {}, h("summary", {}, "What ClickHouse expected"), message.slice(at + 2))];
}

/** The log of queries knows the reason of a failure in the midst of an answer; it is written every few seconds. */
async function ask(result, service, found) {
    replace(found, h("p", { class: "small" }, "Looking in system.query_log…"));
    for (let turn = 0; turn < 5; turn += 1) {
        try {
            const [entry] = await rows(service,
                "SELECT exception FROM system.query_log WHERE query_id = {id:String} AND event_date >= today() - 1 AND exception != '' LIMIT 1",
                { variables: { id: result.queryID } });
            if (entry) { replace(found, h("p", {}, entry.exception)); return; }
        } catch (error) {
            replace(found, h("p", { class: "small" }, `The log cannot be read: ${error.message}`));
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 2500));
    }
    replace(found, h("p", { class: "small" }, "The log knows no failure of this statement: the connection was lost. Run it again."));
}
