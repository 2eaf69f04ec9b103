// A classic script, run before the first paint: the chosen theme must not flash.
{
    let chosen = null;
    try { chosen = localStorage.getItem("penstock.theme"); } catch { /* storage may be forbidden; the system's theme holds */ }
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
