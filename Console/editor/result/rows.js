// The rows of one result in few large blocks of bytes: a million rows are a few objects, not millions.
import { placeOfCell, plain, split } from "./cells.js";

const blockSize = 4 << 20;
const decoder = new TextDecoder();
const latin = new TextDecoder("windows-1252");
const beyondASCII = /[^\x00-\x7f]/;

/** Reads the lines of the format JSONCompactEachRowWithProgress. `full` becomes true when no more is kept. */
export class Rows {
    constructor(maximumRows, maximumBytes) {
        this.maximumRows = maximumRows;
        this.maximumBytes = maximumBytes;
        this.count = 0;
        this.bytes = 0;
        this.full = false;
        this.told = {}; // meta, progress, totals, min, max, rows_before_limit_at_least, exception
        this.blocks = []; // { bytes, used, starts: Uint32Array, rows, first }
        this.rest = [];
    }

    append(chunk) {
        let from = 0;
        if (this.rest.length) {
            const end = chunk.indexOf(10);
            this.rest.push(end < 0 ? chunk : chunk.subarray(0, end));
            if (end < 0) return;
            const line = joined(this.rest);
            this.rest = [];
            this.line(line, 0, line.length);
            from = end + 1;
        }
        for (let end = chunk.indexOf(10, from); end >= 0; end = chunk.indexOf(10, from)) {
            this.line(chunk, from, end);
            from = end + 1;
        }
        if (from < chunk.length) this.rest.push(chunk.slice(from));
    }

    /** The last line may have no line break; half a line of a broken transfer is left out. */
    end() {
        if (!this.rest.length) return;
        const line = joined(this.rest);
        this.rest = [];
        if (line[line.length - 1] === 125) this.line(line, 0, line.length);
    }

    line(source, from, to) {
        if (to - from < 2) return;
        // {"row":[…]}
        if (source[from + 2] === 114 && source[from + 5] === 34) return this.add(source, from + 8, to - 2);
        const totals = source[from + 2] === 116 ? decoder.decode(source.subarray(from, to)) : "";
        if (totals.startsWith('{"totals":[')) { this.told.totals = split(totals.slice(11, -2)).map(plain); return; }
        try {
            Object.assign(this.told, JSON.parse(decoder.decode(source.subarray(from, to))));
        } catch { /* no line of this format: half of one that a broken transfer left */ }
    }

    add(source, from, to) {
        if (this.full) return;
        const length = to - from;
        if (this.count >= this.maximumRows || this.bytes + length > this.maximumBytes) {
            this.full = true;
            return;
        }
        let block = this.blocks.at(-1);
        if (!block || block.used + length > block.bytes.length) {
            block = { bytes: new Uint8Array(Math.max(length, blockSize)), used: 0, starts: new Uint32Array(1024), rows: 0, first: this.count };
            this.blocks.push(block);
        }
        if (block.rows === block.starts.length) {
            const grown = new Uint32Array(block.starts.length * 2);
            grown.set(block.starts);
            block.starts = grown;
        }
        block.starts[block.rows] = block.used;
        block.bytes.set(source.subarray(from, to), block.used);
        block.used += length;
        block.rows += 1;
        this.count += 1;
        this.bytes += length;
    }

    /** The block that holds the row. */
    block(row) {
        let low = 0, high = this.blocks.length - 1;
        while (low < high) {
            const middle = (low + high + 1) >> 1;
            if (this.blocks[middle].first <= row) low = middle;
            else high = middle - 1;
        }
        return this.blocks[low];
    }

    /** The row's cells as they stand in JSON. */
    cells(row) {
        const block = this.block(row);
        const at = row - block.first;
        const end = at + 1 < block.rows ? block.starts[at + 1] : block.used;
        return split(decoder.decode(block.bytes.subarray(block.starts[at], end)));
    }

    /**
     * Calls `work(raw, row)` with one cell of every row; gives way to other requests now and then. `stopped()` ends it early.
     *
     * A block is read as one text with a character for each byte, which is far quicker than row by row; only cells beyond ASCII are read again.
     */
    async eachCell(column, work, stopped = () => false) {
        for (const block of this.blocks) {
            const { rows, used } = block;
            const text = latin.decode(block.bytes.subarray(0, used));
            for (let at = 0; at < rows; at += 1) {
                const [from, to] = placeOfCell(text, block.starts[at], at + 1 < rows ? block.starts[at + 1] : used, column);
                const raw = text.slice(from, to);
                work(beyondASCII.test(raw) ? decoder.decode(block.bytes.subarray(from, to)) : raw, block.first + at);
                if ((at & 16_383) === 16_383) {
                    await breath();
                    if (stopped()) return false;
                }
            }
        }
        return true;
    }
}

function joined(parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) { whole.set(part, at); at += part.length; }
    return whole;
}

/** Lets messages that wait be handled. A message channel is not slowed down as timers are. */
export function breath() {
    return new Promise((resolve) => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => { channel.port1.close(); resolve(); };
        channel.port2.postMessage(0);
    });
}
