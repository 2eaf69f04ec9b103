// The page's side of the worker that holds a result.
import { ApiError } from "../../core/api.js";

export const maximumRows = 2_000_000;
export const maximumBytes = 256_000_000;
const waiting = 16 << 20; // bytes on their way to the worker at most, so that a fast server cannot fill the memory

/** `changed(state)` is told at most ten times a second while rows come. */
export function resultReader(changed) {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    const asked = new Map();
    let lastID = 0, onTheWay = 0, full = false, resume = null, ended = null, broken = null, closed = false, source = null;

    /** The worker answers no more: whoever waits for it goes on, and no more is read. */
    const breakOff = (error) => {
        broken ??= error;
        source?.cancel().catch(() => { /* it was broken off itself */ });
        resume?.();
        ended?.();
    };

    worker.onmessage = ({ data }) => {
        if (data.state) changed(data.state);
        else if (data.taken !== undefined) {
            onTheWay -= data.taken;
            full = data.full;
            if (onTheWay < waiting) resume?.();
        } else if (data.ended) ended?.();
        else {
            const { resolve, reject } = asked.get(data.id);
            asked.delete(data.id);
            if (data.problem) reject(new Error(data.problem));
            else resolve(data.answer);
        }
    };
    worker.onerror = (event) => {
        breakOff(new ApiError(200, "NOT_HELD",
            event.message || "The part of this page that holds results could not be loaded. Reload the page."));
        for (const { reject } of asked.values()) reject(broken);
    };
    worker.postMessage({ begin: { maximumRows, maximumBytes } });

    return {
        /** Reads the stream to its end, or until no more is kept. What came last may still be on its way: only `end` says that all is read. */
        async read(stream) {
            source = stream.getReader();
            for (;;) {
                const { done, value } = await source.read();
                if (broken) throw broken;
                if (done) return;
                const chunk = value.byteOffset === 0 && value.byteLength === value.buffer.byteLength ? value.buffer : value.slice().buffer;
                onTheWay += chunk.byteLength;
                worker.postMessage({ chunk }, [chunk]);
                if (onTheWay >= waiting) await new Promise((resolve) => { resume = resolve; });
                if (full) { await source.cancel().catch(() => {}); return; }
            }
        },
        /** After the last byte, also of a broken transfer. Throws when the worker is gone, as then the rows are too. */
        async end() {
            if (!broken) await new Promise((resolve) => { ended = resolve; worker.postMessage({ end: true }); });
            if (broken) throw broken;
        },
        /** See `work` in worker.js. */
        ask(work, values = {}) {
            return new Promise((resolve, reject) => {
                if (broken && !closed) { reject(broken); return; }
                const id = lastID += 1;
                asked.set(id, { resolve, reject });
                worker.postMessage({ ...values, id, work });
            });
        },
        /** What is still asked for then stays without an answer: nobody looks at it any more. */
        close() {
            closed = true;
            worker.terminate();
            breakOff(new DOMException("The result is closed.", "AbortError"));
        },
    };
}
