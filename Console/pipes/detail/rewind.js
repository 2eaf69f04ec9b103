// Moves the place from which a stream at rest reads on.
import { h, replace } from "../../core/dom.js";
import { post } from "../../core/api.js";
import { button } from "../../components/button.js";
import { openDialog } from "../../components/dialog.js";
import { field, select } from "../../components/field.js";
import { notice } from "../../components/notice.js";
import { toast } from "../../components/toast.js";
import { placeProblems, problemsOf } from "../problems.js";

export function rewindDialog(view) {
    return openDialog(`Rewind ${view.pipe.name}`, (close) => {
        const strategy = select([{ value: "from_beginning", text: "The beginning of the topics" },
            { value: "from_latest", text: "New messages only" },
            { value: "from_timestamp", text: "A time" }, { value: "from_offsets", text: "Offsets" }], "from_timestamp",
                { onchange: () => arrange() });
        const time = h("input", { type: "datetime-local" });
        const offsets = h("textarea", { class: "mono", rows: 4, spellcheck: "false", placeholder: '{"orders": {"0": 1700}}' });
        const timeField = field("Time (UTC)", time, { path: "to.timestamp" });
        const offsetsField = field("Offsets by topic and partition", offsets,
            { path: "to.offsets", hint: "JSON; partitions that are not named go on where they are" });
        const arrange = () => { timeField.hidden = strategy.value !== "from_timestamp"; offsetsField.hidden = strategy.value !== "from_offsets"; };
        const form = h("div", { class: "stack" }, field("Read on from", strategy, { path: "to.strategy" }), timeField, offsetsField);
        const outcome = h("div", { "aria-live": "polite" });
        arrange();
        const go = button("Rewind", async () => {
            const to = { strategy: strategy.value };
            if (to.strategy === "from_timestamp") to.timestamp = time.value;
            if (to.strategy === "from_offsets") {
                try { to.offsets = JSON.parse(offsets.value); } catch (error) { offsetsField.problem(`is no JSON: ${error.message}`); return; }
            }
            try {
                await post(`${view.path}/rewind`, { to });
                toast("The pipe reads on from there when it is started");
                close(true);
            } catch (error) {
                const { problems, rest } = problemsOf(error);
                const lost = [...placeProblems(form, problems), ...rest];
                replace(outcome, lost.length ? notice(lost.join("; "), "bad") : null);
            }
        }, { kind: "danger" });
        return {
            body: [h("p", {}, "Messages that are read again become new rows: the table then has them twice, unless it replaces by key."), form,
                outcome],
            foot: [button("Cancel", () => close()), go],
        };
    });
}
