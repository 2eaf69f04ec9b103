// Numbers, sizes and times as people read them.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const rounded = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });

/** 1,234,567; integers beyond 2^53 may be given as text. */
export function count(value) {
    if (value === null || value === undefined || value === "") return "–";
    if (typeof value === "string" && /^-?\d+$/.test(value)) return whole.format(BigInt(value));
    return Number.isInteger(Number(value)) ? whole.format(value) : rounded.format(value);
}

/** 1.2 M; for places without room. */
export function short(value) {
    if (value === null || value === undefined) return "–";
    const units = ["", " k", " M", " G", " T"];
    let amount = Number(value), unit = 0;
    while (Math.abs(amount) >= 1000 && unit < units.length - 1) { amount /= 1000; unit += 1; }
    return rounded.format(amount) + units[unit];
}

/** 3.2 MB, powers of 1000. */
export function bytes(value) {
    if (value === null || value === undefined) return "–";
    const units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let amount = Number(value), unit = 0;
    while (Math.abs(amount) >= 1000 && unit < units.length - 1) { amount /= 1000; unit += 1; }
    return `${rounded.format(amount)} ${units[unit]}`;
}

/** 340 ms, 2.1 s, 3 min 20 s, 5 h 10 min, 2 d 3 h. */
export function duration(milliseconds) {
    if (milliseconds === null || milliseconds === undefined) return "–";
    if (milliseconds < 1000) return `${rounded.format(milliseconds)} ms`;
    const seconds = milliseconds / 1000;
    if (seconds < 60) return `${rounded.format(seconds)} s`;
    const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
    const first = parts.findIndex(([size]) => seconds >= size);
    const [size, unit] = parts[first];
    const next = parts[first + 1];
    const rest = next ? Math.floor((seconds % size) / next[0]) : 0;
    return `${Math.floor(seconds / size)} ${unit}` + (rest ? ` ${rest} ${next[1]}` : "");
}

/** 12.5 % of 0.125. */
export function percent(part) {
    return part === null || part === undefined ? "–" : new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 2 }).format(part);
}

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** The instant in the reader's zone. Takes what the API or ClickHouse writes; times of ClickHouse without a zone are UTC. */
export function time(value) {
    const date = instant(value);
    return date ? day.format(date) : "–";
}

/** "2026-01-31 10:00:00 UTC", for titles on hover. */
export function utc(value) {
    const date = instant(value);
    return date ? date.toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC") : "";
}

/** "5 min ago". */
export function ago(value, now = Date.now()) {
    const date = instant(value);
    if (!date) return "never";
    const passed = now - date.getTime();
    if (passed < 5_000) return "just now";
    return `${duration(Math.floor(passed / 1000) * 1000).split(" ").slice(0, 2).join(" ")} ago`;
}

/** A Date, or null for what is none. */
export function instant(value) {
    if (value === null || value === undefined || value === "") return null;
    if (value instanceof Date || typeof value === "number") return new Date(value);
    const text = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?$/.test(value) ? value.replace(" ", "T") + "Z" : value;
    const date = new Date(text);
    return Number.isNaN(date.getTime()) ? null : date;
}
