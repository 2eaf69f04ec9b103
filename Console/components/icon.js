import { svg } from "../core/dom.js";

// 24 × 24, strokes only.
const shapes = {
    query: "M8 6 3 12l5 6M16 6l5 6-5 6M14 4l-4 16",
    endpoint: "M12 3v4M12 17v4M3 12h4M17 12h4M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8",
    pipe: "M3 8h6a3 3 0 0 1 3 3v2a3 3 0 0 0 3 3h6M3 5v6M21 13v6",
    key: "M15 3a6 6 0 1 0-5.2 9L3 18.8V21h4v-3h3v-3l1.7-1.7A6 6 0 0 0 15 3M16.5 7.5h.01",
    service: "M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3M4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3",
    activity: "M3 12h4l3-8 4 16 3-8h4",
    sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8M12 2v2M12 20v2M4 12H2M22 12h-2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5",
    moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5",
    system: "M3 4h18v12H3zM9 20h6M12 16v4",
    menu: "M4 6h16M4 12h16M4 18h16",
    close: "M6 6l12 12M18 6 6 18",
    plus: "M12 5v14M5 12h14",
    play: "M7 4v16l13-8z",
    stop: "M6 6h12v12H6z",
    check: "M4 12.5 9.5 18 20 6.5",
    copy: "M9 9h11v11H9zM5 15H4V4h11v1",
    download: "M12 4v11M7 10l5 5 5-5M4 20h16",
    search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14M16 16l5 5",
    more: "M5 12h.01M12 12h.01M19 12h.01",
    down: "M6 9l6 6 6-6",
    right: "M9 6l6 6-6 6",
    up: "M6 15l6-6 6 6",
    table: "M3 4h18v16H3zM3 10h18M3 15h18M9 10v10",
    chart: "M4 20V4M4 20h16M8 16v-5M12 16V8M16 16v-7",
    folder: "M3 6h6l2 2h10v11H3z",
    share: "M12 15V3M8 7l4-4 4 4M5 12v8h14v-8",
    warn: "M12 4 2.5 20h19zM12 10v4M12 17.5h.01",
    bad: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 8v5M12 16h.01",
    info: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 11v5M12 8h.01",
    good: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M8 12.5l2.8 2.8L16 9.5",
    trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
    edit: "M4 20l1-4L16 5l3 3L8 19z",
    save: "M5 4h11l3 3v13H5zM8 4v5h7V4M8 20v-6h8v6",
    refresh: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
    history: "M4 12a8 8 0 1 1 2.5 5.8M4 19v-4h4M12 8v4l3 2",
    signout: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
    link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
    globe: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M3 12h18M12 3c3 3 3 15 0 18M12 3c-3 3-3 15 0 18",
    clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3 2",
    column: "M5 4h14v16H5zM12 4v16",
    pause: "M8 5v14M16 5v14",
};

/** A drawing beside a text; it says nothing by itself, so screen readers skip it. */
export function icon(name) {
    return svg("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: shapes[name] ?? shapes.info }));
}
