// Runs one statement and keeps what comes of it, also what came before it failed or was cancelled.
import { ApiError, run } from "../core/api.js";
import { resultReader } from "./result/reader.js";

export const resultFormat = "JSONCompactEachRowWithProgress";
const longestText = 4_000_000;

/** NaN and infinity would be NULL otherwise; named tuples are read better with their names. */
const settings = { output_format_json_quote_denormals: 1, output_format_json_named_tuples_as_objects: 1, output_format_json_quote_64bit_integers: 0 };

/**
 * A result: an EventTarget that tells "change".
 *
 * - state: "running", "done", "failed", "cancelled", "full" (more rows were there than are kept) or "stopped" (the service sleeps).
 * - columns: `[{ name, type }]`, null while unknown or where the answer is no table; text: an answer in a format of the statement's own.
 * - rows, bytes: what is kept. - progress: `{ readRows, readBytes, totalRows }`. - milliseconds. - error: ApiError.
 */
export class Result extends EventTarget {
    constructor(statement) {
        super();
        Object.assign(this, {
            statement, state: "running", columns: null, rows: 0, bytes: 0, text: null, textFormat: null, progress: null, error: null, totals: null,
            queryID: null, milliseconds: 0, ended: false, written: 0, reader: null,
        });
        this.begun = performance.now();
    }

    change(values = {}) {
        Object.assign(this, values);
        if (!this.ended) this.milliseconds = performance.now() - this.begun;
        this.ended = this.state !== "running";
        this.dispatchEvent(new Event("change"));
    }

    close() { this.reader?.close(); }
}

const number = (text) => Number(text ?? 0);
const progressOf = (told) => ({ readRows: number(told.read_rows), readBytes: number(told.read_bytes), totalRows: number(told.total_rows_to_read) });

/** `statement`: `{ text, database, variables }`. Never throws; what failed stands in the result. `shown(result)` comes first. */
export async function runStatement(service, statement, signal, shown, { wake = false } = {}) {
    const result = new Result(statement);
    shown(result);
    const clock = setInterval(() => result.change(), 200);
    try {
        const response = await run(service, {
            sql: statement.text, database: statement.database, variables: statement.variables, format: resultFormat, settings, signal,
            headers: wake ? { "wake-service": "true" } : {},
        });
        result.queryID = response.headers.get("X-ClickHouse-Query-Id");
        summary(result, response);
        if (response.status === 206) {
            result.change({ state: "stopped", text: (await response.json()).data });
        } else if (response.headers.get("X-ClickHouse-Format") === resultFormat) {
            await readRows(result, response);
        } else {
            await readText(result, response);
        }
    } catch (error) {
        await fail(result, error, signal);
    } finally {
        clearInterval(clock);
        result.change();
    }
    return result;
}

function summary(result, response) {
    try {
        const told = JSON.parse(response.headers.get("X-ClickHouse-Summary") ?? "null");
        if (!told) return;
        result.progress = progressOf(told);
        result.written = number(told.written_rows);
    } catch { /* a summary is not needed */ }
}

async function readRows(result, response) {
    let cut = false;
    result.reader = resultReader((state) => {
        const { progress } = state;
        cut = state.full;
        result.change({
            rows: state.rows, bytes: state.bytes, columns: state.meta ?? result.columns, totals: state.totals ?? null,
            ...progress ? { progress: progressOf(progress) } : {},
        });
        if (state.exception) result.exception = state.exception;
    });
    try {
        await result.reader.read(response.body);
    } finally {
        await result.reader.end();
    }
    if (result.exception) throw new ApiError(200, "FAILED", result.exception);
    result.change({ state: cut ? "full" : "done" });
}

/** "OK" of a statement that writes, or the answer in the format that the statement itself asks for. */
async function readText(result, response) {
    const source = response.body.getReader();
    const decoder = new TextDecoder();
    let text = "", cut = false;
    for (;;) {
        const { done, value } = await source.read();
        if (done) break;
        text += decoder.decode(value, { stream: true });
        if (text.length > longestText) { cut = true; await source.cancel().catch(() => {}); break; }
    }
    result.change({ state: cut ? "full" : "done", text, textFormat: response.headers.get("X-ClickHouse-Format") });
}

async function fail(result, error, signal) {
    if (error.name === "AbortError" || signal.aborted) return result.change({ state: "cancelled" });
    if (error.name !== "ApiError") {
        // The transfer was broken off after it had begun: that is how a failure in the midst of an answer looks.
        error = new ApiError(200, "BROKEN_OFF",
            result.queryID ? "The answer broke off before its end: the statement failed while it ran, or the connection was lost." : error.message);
    }
    result.change({ state: "failed", error });
}
