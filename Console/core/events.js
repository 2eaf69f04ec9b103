// The one stream of live data. Pages listen to it; it is opened with the first listener and closed after the last.
import { organizationPath, resume, session } from "./session.js";

const listeners = new Map();
let source = null;
let state = "closed";

/** Newest known of every pipe, by id: what the stream said. */
export const live = { pipes: new Map(), services: new Map() };

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
    services(data) {
        for (const service of data.services) live.services.set(service.id, service);
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
    if (source || !session() || document.hidden) return;
    source = new EventSource(organizationPath("/events"));
    source.onopen = () => setState("open");
    source.onerror = async () => {
        setState("waiting");
        // The browser tries again by itself, unless the answer was an error: then the session may be over, or a proxy has nobody behind it.
        if (source?.readyState !== EventSource.CLOSED) return;
        source = null;
        let known = null;
        try { known = await resume(); } catch { known = session(); }
        if (known && isWanted()) setTimeout(() => { if (isWanted()) open(); }, 5000);
    };
    for (const type of ["pipes", "services", "calls", "activity"]) {
        source.addEventListener(type, (event) => {
            const data = JSON.parse(event.data);
            keep[type]?.(data);
            for (const handler of listeners.get(type) ?? []) handler(data);
        });
    }
}

const isWanted = () => [...listeners.values()].some((set) => set.size > 0);

function close() {
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
