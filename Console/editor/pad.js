// Where SQL is written: CodeMirror, or a plain text area where its package is not installed. Both look the same from outside.
import { h } from "../core/dom.js";
import { codeMirror } from "../core/libraries.js";
import { clickhouseMode, parameterOverlay } from "./mode.js";
import { dictionary } from "./dictionary.js";
import { completions } from "./completion.js";

/**
 * `{ element, text(), setText(text), cursor(), selection(), insert(text), mark(from, to), clearMarks(), flash(from, to), show(from), focus() }`;
 * places are offsets in the text. `context()` gives `{ service, database }`; `commands` are functions: run, runAtCursor, cancel, save.
 */
export async function sqlPad({ context, changed, commands, signal }) {
    let CodeMirror = null;
    try { CodeMirror = await codeMirror(); } catch { /* not installed: SQL is written in a text area */ }
    return CodeMirror ? rich(CodeMirror, { context, changed, commands, signal }) : simple({ changed, commands });
}

function rich(CodeMirror, { context, changed, commands, signal }) {
    const element = h("div", { class: "pad" });
    const mac = /Mac|iPhone|iPad/.test(navigator.platform);
    const main = mac ? "Cmd" : "Ctrl";
    const pass = (work) => () => { work(); };
    const editor = CodeMirror(element, {
        mode: clickhouseMode(CodeMirror), theme: "penstock", lineNumbers: true, indentUnit: 4, matchBrackets: true,
        autoCloseBrackets: "()[]{}''\"\"``",
        lineWrapping: true, styleActiveLine: true, placeholder: "Write SQL. {name:Type} makes a parameter.", inputStyle: "contenteditable",
        spellcheck: false,
        viewportMargin: 50,
        extraKeys: {
            [`${main}-Enter`]: pass(commands.run), [`Shift-${main}-Enter`]: pass(commands.runAtCursor), [`${main}-S`]: pass(commands.save),
            [`${main}-/`]: "toggleComment", "Ctrl-Space": () => complete(true), Esc: () => commands.cancel() || CodeMirror.Pass,
            // The tabulator leaves the editor unless something is chosen: no trap for the keyboard.
            Tab: (cm) => cm.somethingSelected() ? cm.indentSelection("add") : moveOn(element),
            "Shift-Tab": (cm) => cm.somethingSelected() ? cm.indentSelection("subtract") : CodeMirror.Pass,
        },
    });
    editor.addOverlay(parameterOverlay);
    const field = editor.getInputField();
    field.setAttribute("aria-label", "SQL");
    field.setAttribute("aria-multiline", "true");
    field.setAttribute("role", "textbox");
    editor.getScrollerElement().setAttribute("tabindex", "-1");

    async function complete(asked) {
        const { service, database } = context();
        if (!service) return;
        const range = { ...editor.getCursor() };
        const text = editor.getValue(), offset = editor.indexFromPos(range);
        const { from, list } = await completions(service, database, text, offset).catch(() => ({ from: offset, list: [] }));
        if (signal.aborted || !list.length || editor.indexFromPos(editor.getCursor()) !== offset) return;
        if (!asked && list.length === 1 && list[0].text === text.slice(from, offset)) return;
        const shown = list.map((one) => ({
            ...one, hint: one.text.endsWith("(") ? call : undefined,
            render: (node) => node.append(h("span", {}, one.displayText), h("span", { class: "kind" }, one.type ?? one.kind)),
        }));
        editor.showHint({
            container: element.closest("dialog"), completeSingle: asked, closeCharacters: /[\s()[\]{};:>,]/,
            hint: (cm) => {
                // While the list is open the typed word narrows it; new words are asked for by the next key.
                const typed = cm.getRange(cm.posFromIndex(from), cm.getCursor()).toLowerCase();
                const data = { list: shown.filter((one) => one.text.replace(/^`/, "").toLowerCase().startsWith(typed.replace(/^`/, ""))),
                    from: cm.posFromIndex(from), to: cm.getCursor() };
                CodeMirror.on(data, "shown", () => {
                    const shownList = document.querySelector(".CodeMirror-hints");
                    shownList?.setAttribute("aria-label", "Suggestions");
                    shownList?.setAttribute("tabindex", "0"); // it scrolls
                });
                return data;
            },
        });
    }

    /** Puts a function's name with brackets, and the cursor between them. */
    function call(cm, data, one) {
        const bare = one.text.slice(0, -1);
        const follows = cm.getRange(data.to, { line: data.to.line, ch: data.to.ch + 1 }) === "(";
        cm.replaceRange(follows ? bare : `${bare}()`, data.from, data.to, "complete");
        cm.setCursor({ line: data.from.line, ch: data.from.ch + bare.length + 1 });
    }

    editor.on("inputRead", (cm, change) => {
        if (cm.state.completionActive) return;
        if (/^[\w.]$/.test(change.text.at(-1)) && change.origin === "+input") complete(false);
    });
    let quiet = false;
    editor.on("change", () => { if (!quiet) changed(); });

    let marks = [];
    const positions = (from, to) => [editor.posFromIndex(from), editor.posFromIndex(to)];
    const pad = {
        element,
        text: () => editor.getValue(),
        setText(text) { quiet = true; editor.setValue(text); editor.clearHistory(); pad.clearMarks(); quiet = false; },
        cursor: () => editor.indexFromPos(editor.getCursor()),
        selection: () => editor.somethingSelected()
            ? { from: editor.indexFromPos(editor.getCursor("from")), to: editor.indexFromPos(editor.getCursor("to")) } : null,
        insert(text) { editor.replaceSelection(text); editor.focus(); },
        mark(from, to) {
            marks.push(editor.markText(...positions(from, to), { className: "sql-error", attributes: { title: "The server stopped here" } }));
        },
        clearMarks() { marks.forEach((one) => one.clear()); marks = []; },
        flash(from, to) {
            const mark = editor.markText(...positions(from, to), { className: "sql-flash" });
            setTimeout(() => mark.clear(), 700);
        },
        show(from) { editor.focus(); editor.setCursor(editor.posFromIndex(from)); editor.scrollIntoView(null, 60); },
        focus: () => editor.focus(),
        refresh: () => editor.refresh(),
        async learn(service) {
            const words = await dictionary(service);
            if (!signal.aborted) editor.setOption("mode", clickhouseMode(CodeMirror, words));
        },
    };
    return pad;
}

function moveOn(element) {
    const all = [...document.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']")];
    const follows = (node) => !element.contains(node) && element.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING;
    all.find((node) => !node.disabled && node.offsetParent !== null && follows(node))?.focus();
}

function simple({ changed, commands }) {
    const area = h("textarea", {
        class: "mono", "aria-label": "SQL", spellcheck: "false", placeholder: "Write SQL. {name:Type} makes a parameter.", oninput: () => changed(),
    });
    area.addEventListener("keydown", (event) => {
        const main = event.ctrlKey || event.metaKey;
        const work = main && event.key === "Enter" ? (event.shiftKey ? commands.runAtCursor : commands.run)
            : main && event.key.toLowerCase() === "s" ? commands.save : event.key === "Escape" ? commands.cancel : null;
        if (work) { event.preventDefault(); work(); }
    });
    return {
        element: h("div", { class: "pad plain" }, area),
        text: () => area.value, setText: (text) => { area.value = text; }, cursor: () => area.selectionStart,
        selection: () => area.selectionStart === area.selectionEnd ? null : { from: area.selectionStart, to: area.selectionEnd },
        insert(text) { area.setRangeText(text, area.selectionStart, area.selectionEnd, "end"); area.focus(); changed(); },
        mark: (from, to) => area.setSelectionRange(from, to), clearMarks() {}, flash: (from, to) => area.setSelectionRange(from, to),
        show(from) { area.focus(); area.setSelectionRange(from, from); }, focus: () => area.focus(), refresh() {}, async learn() {},
    };
}
