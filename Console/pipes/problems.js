// What is wrong with a body, by field. A pipe's messages hold semicolons and paths of their own, so the text is cut with care.

const head = /^((?:name|source|destination|fieldMappings|settings|scaling|startPaused|tables|to)(?:[.[][\w.[\]-]*)?):? (.+)$/s;

/**
 * `{ problems: [{ field, message }], rest: [text] }`; what names no field is left in `rest`, in full.
 * With `under`, paths of the body start there in the form: a body of settings names `x` what stands as `settings.x`.
 */
export function problemsOf(error, under = null) {
    if (error.status !== 400) return { problems: [], rest: [error.message] };
    const problems = [], rest = [];
    for (const part of error.message.split("; ")) {
        const match = head.exec(part);
        const inside = under && /^([a-z]\w*) (.+)$/s.exec(part);
        if (inside && !match) problems.push({ field: `${under}.${inside[1]}`, message: inside[2] });
        else if (match) {
            // "source.x source.x.url failed …": the inner path is the exact one. Where only the source is named, the text may say what to check.
            const inner = head.exec(match[2]);
            const hint = /^source\.\w+$/.test(match[1]) ? /Check (source\.[\w.]*\w)/.exec(match[2]) : null;
            problems.push(inner && inner[1].startsWith(match[1]) ? { field: inner[1], message: inner[2] }
                : { field: hint?.[1] ?? match[1], message: match[2] });
        } else if (problems.length) problems.at(-1).message += `; ${part}`;
        else rest.push(part);
    }
    return { problems, rest };
}

/** Shows the problems beside the fields of `form`; gives those that found no field as `path text`. The first field gets the focus. */
export function placeProblems(form, problems) {
    // What is not shown can show nothing; its problem stands above the form then.
    const fields = [...form.querySelectorAll(".field[data-path]")].filter((one) => !one.closest("[hidden]"));
    for (const one of fields) one.problem?.(null);
    const rest = [];
    let first = null;
    for (const { field, message } of problems) {
        const candidates = fields.filter((one) => one.dataset.path === field || field.startsWith(`${one.dataset.path}.`)
            || field.startsWith(`${one.dataset.path}[`));
        // A group such as credentials has no field of its own: its first one speaks for it. A whole source does not.
        const within = field.split(".").length > 2 ? fields.find((one) => one.dataset.path.startsWith(`${field}.`)) : null;
        if (!candidates.length && within) candidates.push(within);
        const found = candidates.sort((a, b) => b.dataset.path.length - a.dataset.path.length)[0];
        if (!found) { rest.push(`${field} ${message}`); continue; }
        found.closest("details")?.setAttribute("open", "");
        found.problem(message);
        first ??= found;
    }
    first?.querySelector("input, select, textarea, button")?.focus();
    return rest;
}
