import type { ByteWriter } from '../model/byte-writer.ts';
import { cloudEventHeaders, cloudEventSource } from '../model/cloudevents.ts';
import { fieldsToJson } from '../model/field-json.ts';
import type { LaneWriter } from '../model/lane.ts';
import { FrameWriter, type NatsFramePlan } from '../model/nats-frame.ts';
import type { ChangeRecord, RecordContext } from '../model/record.ts';
import { resourceName } from '../model/resource.ts';
import { packRow } from '../model/row.ts';
import type { WriteJson } from './encode-json.ts';
import { cloudEventWriter, jsonWriter } from './encode-json.ts';
import { kollectEncoder } from './encode-kollect.ts';
import { msgpackEncoder } from './encode-msgpack.ts';
import { protobufEncoder } from './encode-protobuf.ts';
import { watchProxyEncoder } from './encode-watch-proxy.ts';
import type { LanePlan } from './plan.ts';
import { compileSubject } from './subject.ts';

export interface RecordEncoder {
  append(record: ChangeRecord, lane: LaneWriter): void;
}

/** Writes the payload behind what is there. */
type Encode = (record: ChangeRecord, out: ByteWriter) => void;

/**
 * Encodes the records of one stream for one exporter. The payload's key is `<resource[.group]>/<namespace>/<name>`.
 * @param _fields of the stream's plan; a record's own `fields` decide (a GAP record has some that no rule extracts)
 * @throws WatershardError CONFIG_INVALID where the subject template is not one
 */
export function createEncoder(lane: LanePlan, context: RecordContext): RecordEncoder {
  const subjectOf = lane.subject === undefined ? (): string => '' : compileSubject(lane.subject, context);
  const prefix = `${resourceName(context)}/`;
  const keyOf = (record: ChangeRecord): string => `${prefix}${record.namespace}/${record.name}`;
  const encode = encoderOf(lane, context, keyOf);
  if (lane.frame !== undefined) return framedEncoder(lane.frame, lane, context, encode, subjectOf, keyOf);
  return {
    append: (record, writer) => {
      const { frames } = writer;
      const start = frames.length;
      encode(record, frames);
      writer.end(subjectOf(record), keyOf(record), record.id, record.operation, start, frames.length);
    },
  };
}

/** A subject that is too long for the protocol makes a record without a frame, about which the exporter has something to say. */
function framedEncoder(
  frame: NatsFramePlan,
  { cloudEvents }: LanePlan,
  context: RecordContext,
  encode: Encode,
  subjectOf: (record: ChangeRecord) => string,
  keyOf: (record: ChangeRecord) => string,
): RecordEncoder {
  const writer = new FrameWriter(frame);
  const source = cloudEvents === 'binary' ? cloudEventSource(context) : undefined;
  return {
    append: (record, lane) => {
      const { id, operation } = record;
      const { frames } = lane;
      const subject = subjectOf(record);
      const key = keyOf(record);
      const attributes = source === undefined ? undefined : cloudEventHeaders(source, { id, key, operation });
      const framed = writer.begin(frames, subject, id, operation, attributes);
      const start = frames.length;
      encode(record, frames);
      const end = frames.length;
      if (framed) writer.end(frames);
      lane.end(subject, key, id, operation, start, end);
    },
  };
}

function encoderOf(lane: LanePlan, context: RecordContext, keyOf: (record: ChangeRecord) => string): Encode {
  const fieldsOf = (record: ChangeRecord): string | undefined =>
    record.fields === undefined ? undefined : fieldsToJson(record.fields);
  const json = (write: WriteJson): Encode => {
    return (record, out) => write(record, fieldsOf(record), out);
  };
  const whole = (encode: (record: ChangeRecord) => Uint8Array): Encode => {
    return (record, out) => out.bytes(encode(record));
  };
  switch (lane.encoding) {
    case 'json':
      return json(jsonWriter(context));
    case 'cloudevents':
      // In binary mode the attributes are in the headers (model/cloudevents.ts) and the payload is the record itself.
      return json(lane.cloudEvents === 'binary' ? jsonWriter(context) : cloudEventWriter(context, keyOf));
    case 'msgpack':
      return whole(msgpackEncoder(context));
    case 'protobuf': {
      const encode = protobufEncoder(context);
      return whole((record) => {
        const fields = fieldsOf(record);
        return encode(record, record.fieldsJson ?? (fields === undefined ? undefined : Buffer.from(fields)));
      });
    }
    case 'watch-proxy':
      return whole(watchProxyEncoder(context, lane.watchProxy));
    case 'kollect':
      return whole(kollectEncoder(context, lane.clusterId ?? context.cluster));
    case 'rows':
      return (record, out) => packRow(record, out, lane.object);
  }
}
