// The fields of each kind of source, as descriptors that forms are made of; loaded when a form of that kind is shown.
//
// A descriptor: `path` (below `source.<kind>`), `label`, `hint`, `type` (text, number, select, check, pem, base64, datetime, list, lines),
// `options` (texts or { value, text }; may be a function of the values), `required`, `secret`, `initial`, `when(values)` (shown only then),
// `full` (over the whole width),
// `change` (a PATCH may change it), `part` ("connection", "start", "tables" or "settings": the step it stands on), `advanced` (folded).

const modules = {
    kafka: () => import("./kafka.js"), kinesis: () => import("./kinesis.js"), objectStorage: () => import("./objectStorage.js"),
    postgres: () => import("./postgres.js"), mysql: () => import("./mysql.js"), mongodb: () => import("./mongodb.js"),
    bigquery: () => import("./bigquery.js"), pubsub: () => import("./pubsub.js"),
};

/** `{ fields, virtualColumns, mapping }` of a kind: `mapping` holds descriptors of one table mapping, for databases. */
export async function sourceForm(kind) {
    if (!modules[kind]) return { fields: [], virtualColumns: [], mapping: null };
    return { virtualColumns: [], mapping: null, ...await modules[kind]() };
}
