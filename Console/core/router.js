// Addresses are fragments: `#/pipes/<id>?tab=log`. Nothing of them reaches the server, so values of parameters in permalinks stay private.

const routes = [];
let leave = new AbortController();
let guard = null;
let shown = null;

/**
 * Declares a page. `pattern` is a path with names in braces; `load` gives a module whose default export is the page:
 * `async ({ params, query, signal, title }) => Element`. The signal is aborted when the page is left: whatever the page began ends with it.
 */
export function page(pattern, area, load) {
    const names = [];
    const source = pattern.replace(/\{(\w+)\}/g, (_, name) => { names.push(name); return "([^/]+)"; });
    routes.push({ expression: new RegExp(`^${source}$`), names, area, load });
}

/** The address as `{ path, query }`; the query is a URLSearchParams. */
export function address() {
    const text = location.hash.replace(/^#/, "") || "/";
    const at = text.indexOf("?");
    return at < 0 ? { path: text, query: new URLSearchParams() } : { path: text.slice(0, at), query: new URLSearchParams(text.slice(at + 1)) };
}

/** The link to a page, for `href`. */
export function href(path, query = {}) {
    const parts = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== null && value !== undefined));
    return "#" + path + (parts.size ? "?" + parts : "");
}

export function navigate(path, query = {}) {
    location.hash = href(path, query);
}

/** Changes the address without leaving the page. */
export function replaceAddress(path, query = {}) {
    history.replaceState(null, "", href(path, query));
    shown = location.hash;
}

/** `ask()` answers whether the page may be left; it holds until then. */
export function guardLeaving(ask) {
    guard = ask;
}

/** Whether the page may be left; asks where something would be lost. */
export async function mayLeave() {
    return !guard || await guard();
}

/** Shows pages in `show(load, context)` from now on. */
export function start(show) {
    const go = async () => {
        if (location.hash === shown) return;
        if (shown !== null && !(await mayLeave())) {
            history.replaceState(null, "", shown);
            return;
        }
        guard = null;
        shown = location.hash;
        leave.abort();
        leave = new AbortController();
        const { path, query } = address();
        for (const route of routes) {
            const match = route.expression.exec(path);
            if (!match) continue;
            let params;
            try {
                params = Object.fromEntries(route.names.map((name, index) => [name, decodeURIComponent(match[index + 1])]));
            } catch { break; /* half an escape, as of a link that was cut off: nothing stands there */ }
            await show(route.load, { params, query, signal: leave.signal, area: route.area, path });
            return;
        }
        await show(null, { params: {}, query, signal: leave.signal, area: null, path });
    };
    window.addEventListener("hashchange", go);
    return go();
}

/** Shows the page of the address anew, without asking: see `mayLeave`. */
export function reload() {
    shown = null;
    guard = null;
    window.dispatchEvent(new Event("hashchange"));
}
