/**
 * How a record is written. `kollect` and `watch-proxy` are the forms of programs of these names; `rows` is internal: packed
 * columns on their way to a table writer (model/row.ts).
 */
export const ENCODINGS = ['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect', 'watch-proxy', 'rows'] as const;
export type Encoding = (typeof ENCODINGS)[number];
