// CodeMirror and Chart.js, served from where their Debian packages put them; loaded when a page first needs them.

const base = "/console/libraries";
const loading = new Map();

function once(key, load) {
    if (!loading.has(key)) loading.set(key, load().catch((error) => { loading.delete(key); throw error; }));
    return loading.get(key);
}

function element(tag, attributes) {
    return new Promise((resolve, reject) => {
        const node = document.createElement(tag);
        Object.assign(node, attributes);
        node.onload = () => resolve();
        node.onerror = () => reject(new Error(`${attributes.src ?? attributes.href} is not installed`));
        document.head.append(node);
    });
}

const script = (path) => once(path, () => element("script", { src: `${base}/${path}`, async: false }));
const style = (path) => once(path, () => element("link", { rel: "stylesheet", href: `${base}/${path}` }));

/** A style sheet of the console that only some pages need. */
export const pageStyle = (name) => once(name, () => element("link", { rel: "stylesheet", href: `/console/styles/${name}.css` }));

/** CodeMirror 5 with SQL, JSON and shell modes, completion, brackets and search. Rejects when the package is not installed. */
export function codeMirror() {
    return once("codemirror", async () => {
        await Promise.all([style("codemirror/codemirror.css"), script("codemirror/codemirror.js")]);
        const addons = [
            "mode/sql/sql.js", "mode/javascript/javascript.js", "mode/shell/shell.js", "addon/hint/show-hint.js", "addon/edit/matchbrackets.js",
            "addon/edit/closebrackets.js", "addon/comment/comment.js", "addon/search/searchcursor.js", "addon/selection/active-line.js",
            "addon/display/placeholder.js", "addon/runmode/runmode.js",
        ];
        await Promise.all([style("codemirror/addon/hint/show-hint.css"), ...addons.map((path) => script("codemirror/" + path))]);
        return window.CodeMirror;
    });
}

/** Chart.js 3. Rejects when the package is not installed. */
export function chartJS() {
    return once("chart.js", async () => {
        await script("chart.js/chart.min.js");
        return window.Chart;
    });
}
