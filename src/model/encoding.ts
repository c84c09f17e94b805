/** How a record is written. `rows` is internal: packed columns on their way to a table writer (model/row.ts). */
export const ENCODINGS = ['json', 'msgpack', 'protobuf', 'cloudevents', 'kollect', 'rows'] as const;
export type Encoding = (typeof ENCODINGS)[number];
