import type { ByteWriter } from '../model/byte-writer.ts';
import { cloudEventAttributes, cloudEventSource } from '../model/cloudevents.ts';
import { fieldsToJson } from '../model/field-json.ts';
import type { ChangeRecord, RecordContext } from '../model/record.ts';
import { formatMicros } from '../model/record.ts';

// Not texts: to encode one costs as much as some ten bytes.
const FIELDS = Buffer.from(',"fields":');
const OBJECT = Buffer.from(',"object":');
const PATCH = Buffer.from(',"patch":');

/** A record as JSON in two parts: what stands before its fields, object and patch, and how it ends behind them. */
export interface JsonForm {
  readonly head: (record: ChangeRecord) => string;
  readonly tail: Buffer;
}

/** The record as one JSON object; what is the same for a whole stream is rendered once. */
export function jsonForm(context: RecordContext): JsonForm {
  const middle =
    `","cluster":${JSON.stringify(context.cluster)},"clusterUid":${JSON.stringify(context.clusterUid)}` +
    `,"group":${JSON.stringify(context.group)},"version":${JSON.stringify(context.version)}` +
    `,"kind":${JSON.stringify(context.kind)},"resource":${JSON.stringify(context.resource)},"namespace":`;
  const timeText = batchClock();
  return {
    head: (record) =>
      `{"id":${JSON.stringify(record.id)},"operation":"${record.operation}${middle}${JSON.stringify(record.namespace)}` +
      `,"name":${JSON.stringify(record.name)},"uid":${JSON.stringify(record.uid)}` +
      `,"resourceVersion":${JSON.stringify(record.resourceVersion)}` +
      `,"observedAt":"${timeText(record.observedAt)}","detectedBy":"${record.detectedBy}"`,
    tail: Buffer.from('}'),
  };
}

/** What stands behind the head: the object and the patch are spliced in as the bytes that they are. */
export function writeJsonRest(record: ChangeRecord, { tail }: JsonForm, out: ByteWriter): void {
  if (record.fieldsJson !== undefined) {
    out.slice(FIELDS, 0, FIELDS.length);
    out.bytes(record.fieldsJson);
  } else if (record.fields !== undefined) {
    out.slice(FIELDS, 0, FIELDS.length);
    out.text(fieldsToJson(record.fields));
  }
  if (record.writeObject !== undefined) {
    out.slice(OBJECT, 0, OBJECT.length);
    record.writeObject(out);
  } else if (record.object !== undefined) {
    out.slice(OBJECT, 0, OBJECT.length);
    out.bytes(record.object);
  }
  if (record.patch !== undefined) {
    out.slice(PATCH, 0, PATCH.length);
    out.bytes(record.patch);
  }
  out.slice(tail, 0, tail.length);
}

/** The record as `data` of a CloudEvent 1.0 in the JSON event format (structured mode). */
export function cloudEventForm(context: RecordContext, keyOf: (record: ChangeRecord) => string): JsonForm {
  const data = jsonForm(context);
  const source = cloudEventSource(context);
  const head = (record: ChangeRecord): string => {
    const attributes = cloudEventAttributes(source, { id: record.id, key: keyOf(record), operation: record.operation });
    // JSON.stringify leaves out what is undefined.
    const event = JSON.stringify({
      specversion: '1.0',
      ...attributes,
      time: formatMicros(record.observedAt),
      datacontenttype: 'application/json',
    });
    return `${event.slice(0, -1)},"data":${data.head(record)}`;
  };
  return { head, tail: Buffer.concat([data.tail, Buffer.from('}')]) };
}

/** Records of one batch were read at one time, and to format it is a quarter of the cost of a record. */
function batchClock(): (micros: number) => string {
  let last = Number.NaN;
  let text = '';
  return (micros) => {
    if (micros !== last) {
      text = formatMicros(micros);
      last = micros;
    }
    return text;
  };
}
