// Which ClickHouse the pages are about.
import { remember, remembered } from "./preferences.js";

let known = [];

export function knownServices(services) {
    if (services) known = services;
    return known;
}

/** The id of the chosen service: the last one chosen in this browser, else the first. Null where there is none. */
export function chosenService() {
    const last = remembered("service");
    return known.some((one) => one.id === last) ? last : known[0]?.id ?? null;
}

export function chooseService(id) {
    remember("service", id);
}

