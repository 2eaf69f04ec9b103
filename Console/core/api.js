// The public API, as every other client uses it; the session's cookie stands in for a key.

/** What the server answered instead of a result. `status` 0: no answer at all. */
export class ApiError extends Error {
    constructor(status, code, message, requestID = null) {
        super(message);
        this.name = "ApiError";
        this.status = status;
        this.code = code;
        this.requestID = requestID;
    }

    /** The problems of a body: pairs of field path and text. Empty where the error is about something else. */
    get problems() {
        if (this.status !== 400) return [];
        return this.message.split("; ").flatMap((text) => {
            const match = /^([A-Za-z_][\w.[\]-]*) (.+)$/s.exec(text);
            return match ? [{ field: match[1], message: match[2] }] : [];
        });
    }
}

let csrfToken = null;
let onSessionEnd = () => {};

/** Set by the session: the token that goes with every change, and what to do when the server knows the session no more. */
export function bindSession(token, ended) {
    csrfToken = token;
    if (ended) onSessionEnd = ended;
}

/**
 * Sends a request; the whole answer, whatever its status is. Throws ApiError with status 0 when there is none.
 * `unasked`: nobody did anything for it, so it does not keep the session alive.
 */
export async function send(method, path, { body, headers = {}, signal, unasked = false } = {}) {
    // Without this header a refusal would make the browser ask for a password by itself.
    const all = { "X-Requested-With": "penstock-console", ...headers };
    if (unasked) all["X-Unasked"] = "1";
    if (body !== undefined && !(body instanceof Blob)) all["Content-Type"] = "application/json";
    if (csrfToken) all["X-CSRF-Token"] = csrfToken;
    try {
        return await fetch(path, {
            method, headers: all, signal, credentials: "same-origin", cache: "no-store",
            body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
        });
    } catch (error) {
        if (error.name === "AbortError") throw error;
        throw new ApiError(0, "UNREACHABLE", "Penstock does not answer. Check that it runs, then try again.");
    }
}

/** The error in an answer of the API or of a run. Call it for answers whose status is not a success. */
export async function failure(response) {
    const text = await response.text();
    let document = null;
    try { document = JSON.parse(text); } catch { /* not JSON: the text itself is the message */ }
    let code = "HTTP_" + response.status, message = text || `HTTP ${response.status}`;
    const told = document?.error;
    if (typeof told === "string") {
        const match = /^([A-Z][A-Z0-9_]*): (.*)$/s.exec(told);
        [code, message] = match ? [match[1], match[2]] : [code, told];
    } else if (told && typeof told === "object") {
        [code, message] = [told.code ?? code, told.details ?? told.message ?? message];
    }
    if (response.status === 401) onSessionEnd();
    return new ApiError(response.status, code, message, response.headers.get("X-Request-Id"));
}

/** The envelope of the API's answer. Throws ApiError. */
export async function envelope(method, path, options) {
    const response = await send(method, path, options);
    if (!response.ok) throw await failure(response);
    return response.json();
}

const result = (method) => async (path, options) => (await envelope(method, path, options)).result;

/** `get("/v1/…")` and the like: the `result` of the envelope. */
export const get = result("GET");
export const post = async (path, body, options) => (await envelope("POST", path, { ...options, body })).result;
export const put = async (path, body, options) => (await envelope("PUT", path, { ...options, body })).result;
export const patch = async (path, body, options) => (await envelope("PATCH", path, { ...options, body })).result;
export const remove = async (path, options) => { await envelope("DELETE", path, options); };

/** `?a=1&b=2`, without members that are null, undefined or empty. */
export function query(members) {
    const parts = Object.entries(members).filter(([, value]) => value !== null && value !== undefined && value !== "");
    return parts.length ? "?" + new URLSearchParams(parts.map(([key, value]) => [key, String(value)])) : "";
}

/**
 * Runs SQL on a service; the answer streams. Breaking it off by `signal` stops the query in ClickHouse.
 *
 * - variables: values of `{name:Type}`, as JSON. - settings: of ClickHouse, in the URL. - timeout: milliseconds.
 * Throws ApiError when the query could not be begun.
 */
export async function run(service, { sql, database = "default", variables = {}, format = "JSON", settings = {}, timeout, headers = {}, signal }) {
    const path = `/service/${encodeURIComponent(service)}/run` + query({ format, request_timeout: timeout, ...settings });
    const response = await send("POST", path, { body: { sql, database, queryVariables: variables }, headers, signal });
    if (!response.ok) throw await failure(response);
    return response;
}

/** The rows of a small query as objects; for lists, trees and completion, not for results of people's queries. */
export async function rows(service, sql, options = {}) {
    const response = await run(service, { sql, ...options, format: "JSON" });
    if (response.status === 206) throw new ApiError(206, "STOPPED", "The service is stopped. Start it on the page Services.");
    return (await response.json()).data;
}
