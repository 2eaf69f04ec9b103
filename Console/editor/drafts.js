// The tabs of a service: their texts and variables, remembered in this browser; never results.
import { uniqueID } from "../core/dom.js";
import { remember, remembered } from "../core/preferences.js";
import { placeholders } from "./statements.js";

const untitled = "Untitled query";
const fresh = (more = {}) => ({
    id: `${Date.now().toString(36)}-${uniqueID("t")}`, queryId: null, name: "", sql: "", database: "default", variables: {}, saved: null, ...more,
});

/** The tabs. Tells "change" when they are others or another is chosen. A tab's `saved` is what the server has of it. */
export class Drafts extends EventTarget {
    constructor(service) {
        super();
        this.key = `editor.tabs.${service}`;
        this.closed = [];
        const kept = remembered(this.key);
        this.tabs = (Array.isArray(kept?.tabs) ? kept.tabs : []).filter((one) => typeof one?.sql === "string").map((one) => fresh(one));
        if (!this.tabs.length) this.tabs = [fresh()];
        this.active = this.tabs.find((one) => one.id === kept?.active) ?? this.tabs[0];
    }

    keep() {
        const plain = ({ id, queryId, name, sql, database, variables, saved }) => ({ id, queryId, name, sql, database, variables, saved });
        const tabs = this.tabs.map(plain);
        remember(this.key, { active: this.active.id, closed: this.closed.slice(-100), tabs });
    }

    /** Another window of this browser has kept its tabs: new ones are added here and none is lost; the one shown here stays as it is. */
    merge() {
        const kept = remembered(this.key);
        if (!Array.isArray(kept?.tabs)) return;
        this.closed = [...new Set([...this.closed, ...kept.closed ?? []])];
        this.tabs = this.tabs.filter((one) => one === this.active || !this.closed.includes(one.id));
        for (const one of kept.tabs) {
            const known = this.tabs.find((tab) => tab.id === one.id);
            if (known && known !== this.active) Object.assign(known, one);
            else if (!known && !this.closed.includes(one.id)) this.tabs.push(fresh(one));
        }
        this.dispatchEvent(new Event("change"));
    }

    tell() {
        this.keep();
        this.dispatchEvent(new Event("change"));
    }

    choose(id) {
        const tab = this.tabs.find((one) => one.id === id);
        if (!tab || tab === this.active) return;
        this.active = tab;
        this.tell();
    }

    /** A new tab; an untouched one that is open is used instead. */
    add(more = {}) {
        const untouched = !this.active.queryId && this.active.sql.trim() === "" && more.sql;
        if (untouched) Object.assign(this.active, more);
        else {
            const tab = fresh({ database: this.active.database, ...more });
            this.tabs.push(tab);
            this.active = tab;
        }
        this.tell();
        return this.active;
    }

    close(id) {
        const at = this.tabs.findIndex((one) => one.id === id);
        if (at < 0) return;
        const [closed] = this.tabs.splice(at, 1);
        this.closed.push(id);
        if (!this.tabs.length) this.tabs.push(fresh({ database: closed.database }));
        if (this.active === closed) this.active = this.tabs[Math.min(at, this.tabs.length - 1)];
        this.tell();
    }

    /** Shows a saved query: in its tab where it has one, else in a new one. */
    open(query, variables = null) {
        const known = this.tabs.find((one) => one.queryId === query.id);
        if (known) {
            if (!isChanged(known)) adopt(known, query);
            if (variables) known.variables = { ...known.variables, ...variables };
            this.active = known;
            this.tell();
            return known;
        }
        const tab = this.add({ sql: query.sql });
        adopt(tab, query);
        if (variables) Object.assign(tab.variables, variables);
        this.tell();
        return tab;
    }
}

/** Makes the tab what the server has. */
export function adopt(tab, query) {
    Object.assign(tab, { queryId: query.id, name: query.name, sql: query.sql, database: query.database, variables: { ...query.parameters },
        saved: snapshot(query) });
}

const snapshot = (query) => ({ name: query.name, sql: query.sql, database: query.database, updatedAt: query.updatedAt });

/** After it was saved: text and variables stay as they are in the tab. */
export function markSaved(tab, query) {
    Object.assign(tab, { queryId: query.id, name: query.name, saved: snapshot(query) });
}

/** Whether the tab holds something that the server has not. */
export function isChanged(tab) {
    if (!tab.saved) return tab.sql.trim() !== "";
    return tab.sql !== tab.saved.sql || tab.database !== tab.saved.database || tab.name !== tab.saved.name;
}

export const tabName = (tab) => tab.name || untitled;

/** Values of the parameters that the text has, for the address and for saving. */
export function usedVariables(tab) {
    const named = placeholders(tab.sql).filter(({ name }) => tab.variables[name] !== undefined);
    return Object.fromEntries(named.map(({ name }) => [name, tab.variables[name]]));
}
