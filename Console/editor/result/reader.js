// The page's side of the worker that holds a result.

export const maximumRows = 2_000_000;
export const maximumBytes = 256_000_000;
const waiting = 16 << 20; // bytes on their way to the worker at most, so that a fast server cannot fill the memory

/** `changed(state)` is told at most ten times a second while rows come. */
export function resultReader(changed) {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    const asked = new Map();
    let lastID = 0, onTheWay = 0, full = false, resume = null, ended = null, broken = null;

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
        broken = new Error(event.message || "The part of this page that holds results could not be loaded. Reload the page.");
        resume?.();
        ended?.();
        for (const { reject } of asked.values()) reject(broken);
    };
    worker.postMessage({ begin: { maximumRows, maximumBytes } });

    return {
        /** Reads the whole stream; true when it was left off because no more is kept. */
        async read(stream) {
            const source = stream.getReader();
            for (;;) {
                const { done, value } = await source.read();
                if (broken) throw broken;
                if (done) return false;
                const chunk = value.byteOffset === 0 && value.byteLength === value.buffer.byteLength ? value.buffer : value.slice().buffer;
                onTheWay += chunk.byteLength;
                worker.postMessage({ chunk }, [chunk]);
                if (onTheWay >= waiting) await new Promise((resolve) => { resume = resolve; });
                if (full) { await source.cancel().catch(() => {}); return true; }
            }
        },
        /** After the last byte, also of a broken transfer. */
        end() {
            return new Promise((resolve) => { ended = resolve; worker.postMessage({ end: true }); });
        },
        /** See `work` in worker.js. */
        ask(work, values = {}) {
            return new Promise((resolve, reject) => {
                const id = lastID += 1;
                asked.set(id, { resolve, reject });
                worker.postMessage({ ...values, id, work });
            });
        },
        close() { worker.terminate(); },
    };
}
