// States of pipes: their colour, and what a person can do about them.
import { h } from "../core/dom.js";
import { isDatabase, pipeKind } from "./kinds.js";

const looks = {
    Running: "good", Completed: "good", Degraded: "warn", Failed: "bad", InternalError: "bad",
    Provisioning: "busy", Setup: "busy", Snapshot: "busy", Resync: "busy", Modifying: "busy", Stopping: "busy", Pausing: "busy",
    Stopped: "idle", Paused: "idle", Unknown: "idle",
};

const words = { InternalError: "Internal error" };

/** All states, in the order in which a filter offers them. */
export const states = Object.keys(looks);

export const stateText = (state) => words[state] ?? state;

/** A badge that `update(state)` changes in place. */
export function stateBadge(state) {
    const node = h("span", { class: "badge" });
    node.update = (next) => {
        if (node.dataset.state === next) return;
        node.className = `badge ${looks[next] ?? "idle"}`;
        node.dataset.state = next;
        node.textContent = stateText(next);
    };
    node.update(state);
    return node;
}

export const isFailed = (state) => state === "Failed" || state === "InternalError";
export const isAtRest = (state) => ["Stopped", "Paused", "Failed", "InternalError", "Completed"].includes(state);

/** Which commands the pipe takes now. */
export function commands(pipe) {
    const database = isDatabase(pipeKind(pipe));
    return {
        start: ["Stopped", "Paused", "Failed", "InternalError"].includes(pipe.state),
        stop: !isAtRest(pipe.state) && pipe.state !== "Stopping" && pipe.state !== "Pausing",
        resync: database && !["Provisioning", "Setup", "Stopping", "Pausing"].includes(pipe.state),
        rewind: pipeKind(pipe) === "kafka" && ["Stopped", "Paused", "Failed"].includes(pipe.state),
    };
}

// Words of a message, and what helps. The first that fits is shown.
const cures = [
    [/slot .*is active/i, "An earlier connection to the slot has not ended yet; it is tried again."],
    [/slot .*does not exist|WAL segment .*removed/i, "Changes are lost at the server: resync the pipe."],
    [/keeps .* of log on the server/i, "The pipe is behind: look at what it waits for before the server's room for its log is used up."],
    [/wal_level/i, "Set wal_level = logical in the server's configuration and restart the server."],
    [/password authentication|access key is unknown|secret does not belong|SASL|authentication failed|401|403 from/i,
        "Check the credentials under Settings → Source, then start the pipe again."],
    [/not authorized|denied|not enough privileges/i, "Grant the missing right at the place that the message names, then start the pipe again."],
    [/certificate|TLS|SSL/i, "Check the CA certificate and the TLS host under Settings → Source."],
    [/refused the connection|Connection refused|no such host|failed to access|unreachable|timed? ?out|does not answer/i,
        "Check address and port of the source, and that this machine can reach it; the pipe tries again by itself until its patience ends."],
    [/does not exist|doesn't exist|UNKNOWN_TABLE|missing table|no such/i,
        "Something that the pipe needs is gone. Make it again, or correct the source or the mapping, then start the pipe."],
    [/matches no object/i, "Compare the pattern of the URL with the full keys in the bucket; one * stops at /."],
    [/No space left|Read-only file system/i, "Mend the disk of ClickHouse: the pipe waits and goes on by itself."],
];

/** One sentence: what to do about a pipe in this state, or null where nothing is to be done. */
export function advice(pipe) {
    const cure = cures.find(([words]) => words.test(pipe.stateMessage ?? ""))?.[1];
    switch (pipe.state) {
    case "Failed": return cure ?? "Mend what the message names, then start the pipe: it goes on where it was.";
    case "InternalError": return "This is a defect of Penstock. Start the pipe to try again, and report the lines of its log.";
    case "Degraded": return cure ?? "It goes on by itself when the trouble passes; the log says what it tries.";
    case "Stopped": return "It reads nothing while it is stopped. Start it to go on where it was.";
    case "Paused": return "It reads nothing while it is paused, and the source may have to keep its log meanwhile. Start it to go on.";
    case "Completed": return isDatabase(pipeKind(pipe)) ? null : "Everything that matched is loaded. To load it once more, create another pipe.";
    default: return pipe.stateMessage ? cure ?? null : null;
    }
}
