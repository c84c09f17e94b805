import type { ByteWriter } from '../model/byte-writer.ts';
import { cloudEventAttributes, cloudEventSource } from '../model/cloudevents.ts';
import type { ChangeRecord, RecordContext } from '../model/record.ts';
import { formatMicros } from '../model/record.ts';

const CLOSE_BRACE = 0x7d;
// Not texts: to encode one costs as much as some ten bytes.
const FIELDS = Buffer.from(',"fields":');
const OBJECT = Buffer.from(',"object":');
const PATCH = Buffer.from(',"patch":');

/** Writes one record into the buffer. */
export type WriteJson = (record: ChangeRecord, fieldsJson: string | undefined, out: ByteWriter) => void;

/**
 * The record as one JSON object. The object and the patch are spliced in as the bytes that they are; what is the same for
 * a whole stream is rendered once.
 */
export function jsonWriter(context: RecordContext): WriteJson {
  const middle =
    `","cluster":${JSON.stringify(context.cluster)},"clusterUid":${JSON.stringify(context.clusterUid)}` +
    `,"group":${JSON.stringify(context.group)},"version":${JSON.stringify(context.version)}` +
    `,"kind":${JSON.stringify(context.kind)},"resource":${JSON.stringify(context.resource)},"namespace":`;
  const timeText = batchClock();
  return (record, fieldsJson, out) => {
    let text =
      `{"id":${JSON.stringify(record.id)},"operation":"${record.operation}${middle}${JSON.stringify(record.namespace)}` +
      `,"name":${JSON.stringify(record.name)},"uid":${JSON.stringify(record.uid)}` +
      `,"resourceVersion":${JSON.stringify(record.resourceVersion)}` +
      `,"observedAt":"${timeText(record.observedAt)}","detectedBy":"${record.detectedBy}"`;
    if (record.fieldsJson === undefined && fieldsJson !== undefined) text += `,"fields":${fieldsJson}`;
    out.text(text);
    if (record.fieldsJson !== undefined) {
      out.slice(FIELDS, 0, FIELDS.length);
      out.bytes(record.fieldsJson);
    }
    if (record.object !== undefined) {
      out.slice(OBJECT, 0, OBJECT.length);
      out.bytes(record.object);
    }
    if (record.patch !== undefined) {
      out.slice(PATCH, 0, PATCH.length);
      out.bytes(record.patch);
    }
    out.byte(CLOSE_BRACE);
  };
}

/** The record as `data` of a CloudEvent 1.0 in the JSON event format (structured mode). */
export function cloudEventWriter(context: RecordContext, keyOf: (record: ChangeRecord) => string): WriteJson {
  const writeData = jsonWriter(context);
  const source = cloudEventSource(context);
  return (record, fieldsJson, out) => {
    const attributes = cloudEventAttributes(source, { id: record.id, key: keyOf(record), operation: record.operation });
    // JSON.stringify leaves out what is undefined.
    const head = JSON.stringify({
      specversion: '1.0',
      ...attributes,
      time: formatMicros(record.observedAt),
      datacontenttype: 'application/json',
    });
    out.text(`${head.slice(0, -1)},"data":`);
    writeData(record, fieldsJson, out);
    out.text('}');
  };
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
