import { h } from "../../core/dom.js";

const looks = { Streaming: "good", Completed: "good", Snapshot: "busy", Resync: "busy", Waiting: "", Failed: "bad" };

/** The badge of a mapped table's state. */
export const tableState = (state) => h("span", { class: `badge ${looks[state] ?? ""}` }, state);
