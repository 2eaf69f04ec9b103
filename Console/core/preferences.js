// What this browser remembers: never secrets, never results.

const prefix = "penstock.";

/** The remembered value, or `fallback`. */
export function remembered(name, fallback = null) {
    try {
        const text = localStorage.getItem(prefix + name);
        return text === null ? fallback : JSON.parse(text);
    } catch {
        return fallback; // storage is forbidden or holds something else
    }
}

export function remember(name, value) {
    try {
        if (value === null || value === undefined) localStorage.removeItem(prefix + name);
        else localStorage.setItem(prefix + name, JSON.stringify(value));
    } catch { /* storage is forbidden or full: the value holds until the page is left */ }
}

/** "light", "dark" or null for the system's. */
export function chosenTheme() {
    return document.documentElement.dataset.theme ?? null;
}

/** Tells listeners of the window's event "themechange". */
export function chooseTheme(theme) {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    try {
        if (theme) localStorage.setItem(prefix + "theme", theme);
        else localStorage.removeItem(prefix + "theme");
    } catch { /* as above */ }
    window.dispatchEvent(new Event("themechange"));
}

export function isDark() {
    return chosenTheme() ? chosenTheme() === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
