// Part of the settings of a database pipe: tables are added and removed while it rests.
import { h, replace } from "../../core/dom.js";
import { patch } from "../../core/api.js";
import { button } from "../../components/button.js";
import { choice } from "../../components/field.js";
import { notice } from "../../components/notice.js";
import { stopPipe } from "../actions.js";
import { bodyOf } from "../form.js";
import { mappingSource, pipeKind } from "../kinds.js";
import { mappingEditor } from "../mappings.js";
import { isAtRest } from "../state.js";
import { section } from "./section.js";

export function tablesSection(view, form, may, signal) {
    const kind = pipeKind(view.pipe);
    const place = h("div", { class: "stack" });
    const added = [];
    let boxes = [], editor = null, wasAtRest = null;

    function build(pipe) {
        const rests = isAtRest(pipe.state);
        if (rests === wasAtRest && boxes.length === pipe.source[kind].tableMappings?.length) return;
        wasAtRest = rests;
        boxes = (pipe.source[kind].tableMappings ?? []).map((one) => {
            const box = choice(`Remove ${mappingSource(one)} → ${one.targetTable}`, { disabled: !may || !rests },
                one.tableEngine ?? "ReplacingMergeTree");
            box.mapping = one;
            return box;
        });
        editor = mappingEditor(form.mapping, added, { prefix: `source.${kind}.tableMappingsToAdd`, least: 0 });
        replace(place, rests ? null : notice("Tables can be changed while the pipe rests.", "info",
            h("div", {}, button("Stop the pipe", () => stopPipe(view.pipe, view.set), { small: true, disabled: !may }))),
            h("fieldset", { class: "stack" }, h("legend", {}, "Mapped tables"), boxes),
                may && rests ? [h("h3", {}, "Tables to add"), editor.element] : null);
    }
    build(view.pipe);
    view.watch(build, signal);

    return section("Tables", "Tables that are removed keep their rows in ClickHouse. A paused pipe goes on by itself after the change.", place,
        async () => {
        const toRemove = boxes.filter((one) => one.input.checked).map(({ mapping }) => Object.fromEntries(
            ["sourceSchemaName", "sourceTable", "sourceDatabaseName", "sourceCollection",
                "targetTable"].filter((name) => mapping[name] !== undefined).map((name) => [name, mapping[name]])));
        const toAdd = added.map((values) => bodyOf(form.mapping, values));
        if (!toRemove.length && !toAdd.length) return null;
        const body = { ...(toAdd.length ? { tableMappingsToAdd: toAdd } : {}), ...(toRemove.length ? { tableMappingsToRemove: toRemove } : {}) };
        const pipe = await patch(view.path, { source: { [kind]: body } });
        added.length = 0;
        wasAtRest = null;
        view.set(pipe);
        return "The tables are changed";
    }, { may });
}
