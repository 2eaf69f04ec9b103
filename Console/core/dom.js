// Elements are only ever built here, from text and nodes: markup in data stays text.

const svgNamespace = "http://www.w3.org/2000/svg";

/**
 * Makes an element.
 *
 * - attributes: `class`, `dataset` and `style` (objects), `on…` functions as listeners, true for a bare attribute; null, undefined and
 *   false are left out. Properties that have no attribute (`value`, `checked`, `indeterminate`) are set as properties.
 * - children: nodes, text, numbers, arrays of them; null, undefined and false are left out.
 */
export function h(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    setAttributes(node, attributes);
    node.append(...flatten(children));
    return node;
}

const properties = new Set(["value", "checked", "indeterminate", "selected", "disabled", "open"]);

function setAttributes(node, attributes) {
    for (const [name, value] of Object.entries(attributes ?? {})) {
        if (value === null || value === undefined || value === false) continue;
        if (name.startsWith("on") && typeof value === "function") node.addEventListener(name.slice(2).toLowerCase(), value);
        else if (name === "dataset") Object.assign(node.dataset, value);
        else if (name === "style") for (const [key, one] of Object.entries(value)) node.style.setProperty(key, one);
        else if (properties.has(name)) node[name] = value;
        else node.setAttribute(name, value === true ? "" : String(value));
    }
}

function flatten(children) {
    const present = children.flat(Infinity).filter((one) => one !== null && one !== undefined && one !== false);
    return present.map((one) => one instanceof Node ? one : String(one));
}

/** Puts these children in the place of those that `node` has. */
export function replace(node, ...children) {
    node.replaceChildren(...flatten(children));
    return node;
}

/** An element of SVG. */
export function svg(tag, attributes = {}, ...children) {
    const node = document.createElementNS(svgNamespace, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
    node.append(...flatten(children));
    return node;
}

let lastID = 0;

/** An id that no other element of this page has. */
export function uniqueID(prefix = "e") {
    lastID += 1;
    return `${prefix}-${lastID}`;
}

/** Calls `work` once, `milliseconds` after the last call. */
export function debounce(work, milliseconds) {
    let timer;
    return (...values) => {
        clearTimeout(timer);
        timer = setTimeout(() => work(...values), milliseconds);
    };
}
