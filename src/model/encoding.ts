/** How a record is written. `watch-proxy` is the form of a program of that name; `rows` is internal: packed columns on their way to a table writer (model/row.ts). */
export const ENCODINGS = ['json', 'msgpack', 'protobuf', 'cloudevents', 'watch-proxy', 'rows'] as const;
export type Encoding = (typeof ENCODINGS)[number];
