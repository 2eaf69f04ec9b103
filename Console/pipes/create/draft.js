// What a person has filled in so far, and the body that it makes.
import { bodyOf, masked } from "../form.js";
import { isDatabase } from "../kinds.js";
import { scalingFields, settingsOf } from "../settings.js";

export function newDraft() {
    return {
        kind: null, name: "", form: null, values: {}, discovered: null,
        destination: { database: "default", managed: true, table: "", engine: "MergeTree", version: "", summed: [], sortingKey: [], primaryKey: "",
            partitionBy: "" },
        columns: [], mappings: [], settings: {}, scaling: {}, startPaused: false,
    };
}

/** `source` alone, as schemaDiscovery takes it. */
export function sourceBody(draft, { hideSecrets = false } = {}) {
    const body = bodyOf(draft.form.fields, draft.values);
    return { [draft.kind]: hideSecrets ? masked(draft.form.fields, body) : body };
}

function destinationBody({ destination, columns }) {
    const body = { database: destination.database || "default", table: destination.table, managedTable: destination.managed };
    if (destination.managed) {
        const engine = { type: destination.engine };
        if (destination.engine === "ReplacingMergeTree" && destination.version) engine.versionColumnId = destination.version;
        if (destination.engine === "SummingMergeTree" && destination.summed.length) engine.columnIds = destination.summed;
        body.tableDefinition = { engine };
        if (destination.engine !== "Null") {
            if (destination.sortingKey.length) body.tableDefinition.sortingKey = destination.sortingKey;
            if (destination.primaryKey) body.tableDefinition.primaryKey = destination.primaryKey;
            if (destination.partitionBy) body.tableDefinition.partitionBy = destination.partitionBy;
        }
    }
    return { ...body, columns: columns.map(({ name, type }) => ({ name, type })) };
}

/** Mappings are only sent where a field and its column differ in name, or a column has no field. */
export function fieldMappings(columns) {
    if (columns.every((one) => one.source === one.name)) return [];
    return columns.filter((one) => one.source).map((one) => ({ sourceField: one.source, destinationField: one.name }));
}

/** The body of POST …/clickpipes. */
export function requestBody(draft, { hideSecrets = false } = {}) {
    const source = sourceBody(draft, { hideSecrets });
    const body = { name: draft.name, source };
    if (isDatabase(draft.kind)) {
        source[draft.kind].tableMappings = draft.mappings.map((values) => bodyOf(draft.form.mapping, values));
        body.destination = { database: draft.destination.database || "default" };
    } else {
        body.destination = destinationBody(draft);
        const mappings = fieldMappings(draft.columns);
        if (mappings.length) body.fieldMappings = mappings;
        const settings = bodyOf(settingsOf(draft.kind), draft.settings);
        // What equals the default says nothing.
        if (settings.object_storage_use_cluster_function === true) delete settings.object_storage_use_cluster_function;
        if (Object.keys(settings).length) body.settings = settings;
        const scaling = bodyOf(scalingFields, draft.scaling);
        if (Object.keys(scaling).length) body.scaling = scaling;
    }
    if (draft.startPaused) body.startPaused = true;
    return body;
}
