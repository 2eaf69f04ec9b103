// A result as a file: what is kept here, or the whole answer in any format of ClickHouse by running the statement once more.
import { ApiError, run } from "../../core/api.js";
import { h } from "../../core/dom.js";
import { bytes } from "../../core/format.js";
import { openDialog } from "../../components/dialog.js";
import { button } from "../../components/button.js";
import { field, select } from "../../components/field.js";
import { notice } from "../../components/notice.js";
import { toast, toastError } from "../../components/toast.js";
import { dictionary } from "../dictionary.js";
import { reads } from "../statements.js";

const endings = {
    CSV: "csv", CSVWithNames: "csv", TabSeparated: "tsv", TSV: "tsv", TabSeparatedWithNames: "tsv", TSVWithNames: "tsv", JSON: "json",
    JSONEachRow: "ndjson", Parquet: "parquet", Arrow: "arrow", ArrowStream: "arrows", ORC: "orc", Avro: "avro", Native: "native", XML: "xml",
    Markdown: "md", SQLInsert: "sql", Values: "txt", Npy: "npy",
};
const common = [
    "CSVWithNames", "TabSeparatedWithNames", "JSONEachRow", "JSON", "Parquet", "Arrow", "ORC", "Avro", "Native", "XML", "Markdown", "SQLInsert",
];

export function save(blob, name) {
    const link = h("a", { href: URL.createObjectURL(blob), download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const fileName = (name, ending) => `${(name || "result").replace(/[^\w\-. ]+/g, "_").slice(0, 80)}.${ending}`;

/** What the table shows, in its order: "csv", "tsv" or "json". */
export async function saveShown(result, kind, name) {
    try {
        const names = result.columns.map((one) => one.name);
        const parts = [];
        const step = 100_000;
        for (let from = 0; from < result.rows; from += step) {
            const { text } = await result.reader.ask("text",
                { from, to: from + step, columns: names.map((_, at) => at), names, kind, header: from === 0 && kind !== "json", limit: Infinity });
            parts.push(text, "\n");
        }
        save(new Blob(parts), fileName(name, { csv: "csv", tsv: "tsv", json: "ndjson" }[kind]));
    } catch (error) { toastError(error); }
}

/** An answer in a format that the statement itself asked for. */
export const saveText = (result, name) => save(new Blob([result.text]), fileName(name, endings[result.textFormat] ?? "txt"));

/** Asks for a format, runs the statement again and writes the answer into a file as it comes. */
export async function downloadDialog(service, result, name) {
    const words = await dictionary(service).catch(() => ({ formats: [] }));
    await openDialog("Download in another format", (close) => {
        const others = words.formats.filter((one) => !common.includes(one));
        const format = select([...common, ...others], "CSVWithNames");
        const problem = h("div", { "aria-live": "polite" });
        const came = h("div", { class: "muted small", role: "status" });
        let running = null;
        const go = button("Download", async () => {
            running = new AbortController();
            problem.replaceChildren();
            const file = fileName(name, endings[format.value] ?? "dat");
            try {
                await fetchInto(service, result.statement, format.value, file, running.signal,
                    (done) => { came.textContent = `${bytes(done)} received`; });
                toast(`${file} is complete`);
                close();
            } catch (error) {
                came.textContent = "";
                if (error.name === "AbortError") return;
                const text = error.name === "TypeError" ? "The answer broke off before its end; the file would not be complete." : error.message;
                problem.replaceChildren(notice(text, "bad"));
            }
        }, { kind: "primary", symbol: "download" });
        const leave = button("Cancel", () => { running?.abort(); close(); });
        return {
            body: [
                h("p", {}, "The statement runs once more with this format, so the file also holds rows that are not kept here."),
                reads(result.statement.text) ? null : notice("This statement may change data; it would do so a second time.", "warn"),
                field("Format", format), came, problem,
            ],
            foot: [leave, go],
        };
    });
}

async function fetchInto(service, statement, format, name, signal, progress) {
    // Where the browser can, the file is written as it comes; else it is held until it is complete.
    let target = null;
    if (window.showSaveFilePicker) target = await (await window.showSaveFilePicker({ suggestedName: name })).createWritable();
    try {
        const response = await run(service, { sql: statement.text, database: statement.database, variables: statement.variables, format, signal });
        // A success by its number, but what it holds is a sentence about the service, not the rows.
        if (response.status === 206) {
            throw new ApiError(206, "STOPPED", "The service is stopped. Start it on the page Services, then download again.");
        }
        const source = response.body.getReader();
        const parts = [];
        let length = 0;
        for (;;) {
            const { done, value } = await source.read();
            if (done) break;
            length += value.byteLength;
            progress(length);
            if (target) await target.write(value);
            else parts.push(value);
        }
        if (target) await target.close();
        else save(new Blob(parts), name);
    } catch (error) {
        await target?.abort?.();
        throw error;
    }
}
