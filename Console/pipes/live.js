// What the samples of live data say: rates are differences of two of them.

const positive = (value) => (Number.isFinite(value) && value >= 0 ? value : null);

/** Rates between two samples of one pipe; null where the counters fell back, because Penstock or the pipe was started anew. */
export function rates(before, after) {
    const seconds = (after.time - before.time) / 1000;
    if (!(seconds > 0) || after.sentRows < before.sentRows || after.fetchedRows < before.fetchedRows) return null;
    const perSecond = (name) => positive((after[name] - before[name]) / seconds);
    const batches = after.batches - before.batches;
    return {
        time: after.time, sentRows: perSecond("sentRows"), sentBytes: perSecond("sentBytes"),
        fetchedRows: perSecond("fetchedRows"), fetchedBytes: perSecond("fetchedBytes"),
        batchRows: batches > 0 ? positive((after.sentRows - before.sentRows) / batches) : null,
    };
}

/** What of a told pipe changes when it does something; samples come every second from pipes at rest too. */
export const work = (told) => JSON.stringify([told.state, told.updatedAt, told.sample?.sentRows, told.sample?.batches, told.sample?.errors]);

/** What changes when a line of the log is likely: news and trouble, not every batch. */
export const news = (told) => JSON.stringify([told.state, told.stateMessage ?? null, told.updatedAt, told.sample?.errors, told.sample?.retries]);

/** Keeps the last samples of each pipe and says how fast it is now. */
export function speedometer() {
    const last = new Map();
    return {
        /** The newest rates of the pipe, after this sample; null while only one is known. */
        add(id, sample) {
            if (!sample) return;
            const entry = last.get(id);
            if (!entry) { last.set(id, { sample, rates: null, at: performance.now() }); return; }
            if (sample.time <= entry.sample.time) return;
            const next = rates(entry.sample, sample);
            last.set(id, { sample, rates: next, at: performance.now() });
        },
        sample: (id) => last.get(id)?.sample ?? null,
        /** Nothing new for six seconds is standing still, not the last speed for ever. */
        rates(id) {
            const entry = last.get(id);
            if (!entry?.rates) return null;
            return performance.now() - entry.at > 6000 ? { ...entry.rates, sentRows: 0, sentBytes: 0, fetchedRows: 0, fetchedBytes: 0 } : entry.rates;
        },
    };
}
