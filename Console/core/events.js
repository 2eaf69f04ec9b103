// The one stream of live data. Pages listen to it; it is opened with the first listener and closed after the last.
import { organizationPath, resume, session } from "./session.js";

const listeners = new Map();
let source = null;
let retry = null;
let state = "closed";

/** Newest known of every pipe, by id: what the stream said. */
export const live = { pipes: new Map() };

/** "open", "waiting" (lost, being opened again) or "closed". Changes are told by the window's event "livechange". */
export function liveState() {
    return state;
}

function setState(next) {
    if (state === next) return;
    state = next;
    window.dispatchEvent(new Event("livechange"));
}

const keep = {
    pipes(data) {
        if (data.all) live.pipes.clear();
        for (const pipe of data.pipes) live.pipes.set(pipe.id, { ...live.pipes.get(pipe.id), ...pipe });
        for (const id of data.removed ?? []) live.pipes.delete(id);
    },
};

/** Calls `handler(data)` for events of this type until the signal is aborted. Types: see docs/api.md, "Events". */
export function listen(type, handler, signal) {
    if (signal.aborted) return;
    if (!listeners.has(type)) listeners.set(type, new Set());
    listeners.get(type).add(handler);
    signal.addEventListener("abort", () => {
        listeners.get(type).delete(handler);
        if (!isWanted()) close();
    });
    open();
}

function open() {
    if (source || retry || !session() || document.hidden) return;
    source = new EventSource(organizationPath("/events"));
    source.onopen = () => setState("open");
    source.onerror = lost;
    for (const type of ["pipes", "services", "calls", "activity"]) {
        source.addEventListener(type, (event) => {
            const data = JSON.parse(event.data);
            keep[type]?.(data);
            for (const handler of listeners.get(type) ?? []) handler(data);
        });
    }
}

/**
 * The stream ended. Trying again is not left to the browser: a session that is over would be refused, and the browser would ask for a
 * password by itself. So the session is asked for first; where it is over, that brings the sign-in.
 */
function lost() {
    source?.close();
    source = null;
    setState("waiting");
    retry = setTimeout(async () => {
        let known = null;
        try {
            known = await resume();
        } catch {
            if (retry) lost();
            return;
        }
        if (!retry) return;
        retry = null;
        if (known && isWanted()) open();
    }, 1500);
}

const isWanted = () => [...listeners.values()].some((set) => set.size > 0);

function close() {
    clearTimeout(retry);
    retry = null;
    source?.close();
    source = null;
    setState("closed");
}

// A browser has six connections for a host, and each open stream takes one: windows that nobody looks at give theirs back.
let hiding = null;
document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(close, 10_000);
    else if (isWanted()) open();
});
window.addEventListener("sessionend", close);
window.addEventListener("sessionrenewed", () => { if (isWanted()) open(); });
