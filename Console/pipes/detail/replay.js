// Asks which records are to be sent again, sends them and says what became of them.
import { h, replace } from "../../core/dom.js";
import { post } from "../../core/api.js";
import { count } from "../../core/format.js";
import { button } from "../../components/button.js";
import { openDialog } from "../../components/dialog.js";
import { field, select } from "../../components/field.js";
import { notice } from "../../components/notice.js";

/** Answers whether something was sent. */
export async function replayDialog(view, errorCode, classes) {
    let sent = false;
    await openDialog("Send records again", (close) => {
        const code = select([{ value: "", text: "All classes" }, ...classes], errorCode);
        const limit = h("input", { type: "number", min: 1, max: 1000000, value: 100000 });
        const outcome = h("div", { "aria-live": "polite" });
        const go = button("Send again", async () => {
            try {
                const report = await post(`${view.path}/errors/replay`, { ...(code.value ? { errorCode: code.value } : {}),
                    limit: Number(limit.value) || 100000 });
                sent = true;
                replace(outcome, notice([`${count(report.replayed)} written, ${count(report.failed)} refused once more`,
                    report.notReplayable ? `, ${count(report.notReplayable)} of them cannot be sent at all` : "",
                    report.remaining ? `, ${count(report.remaining)} not tried because of the limit` : "", "."], report.failed ? "warn" : "good"));
                cancel.textContent = "Close";
            } catch (error) { replace(outcome, notice(error.message, "bad")); }
        }, { kind: "primary" });
        const cancel = button("Cancel", () => close());
        return {
            body: [h("p", {}, "Records go through the pipe's present columns and mappings, oldest first, each once. ",
                "What is refused again stays as it is. Mend the mapping or the table first."),
                field("Class of error", code), field("Most records", limit), outcome],
            foot: [cancel, go],
        };
    });
    return sent;
}
