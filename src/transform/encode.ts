import { ByteWriter } from '../model/byte-writer.ts';
import { cloudEventHeaders, cloudEventSource } from '../model/cloudevents.ts';
import { fieldsToJson } from '../model/field-json.ts';
import type { LaneWriter } from '../model/lane.ts';
import { FRAME_TAIL, frameHeadWriter, type NatsFramePlan } from '../model/nats-frame.ts';
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

type Encode = (record: ChangeRecord) => Uint8Array;

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
    append: (record, writer) =>
      writer.append(subjectOf(record), keyOf(record), record.id, record.operation, encode(record)),
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
  const headOf = frameHeadWriter(frame);
  const source = cloudEvents === 'binary' ? cloudEventSource(context) : undefined;
  return {
    append: (record, writer) => {
      const { id, operation } = record;
      const subject = subjectOf(record);
      const key = keyOf(record);
      const payload = encode(record);
      const attributes = source === undefined ? undefined : cloudEventHeaders(source, { id, key, operation });
      const head = headOf(subject, id, operation, payload.length, attributes);
      if (head === undefined) writer.append(subject, key, id, operation, payload);
      else writer.append(subject, key, id, operation, payload, head, FRAME_TAIL);
    },
  };
}

function encoderOf(lane: LanePlan, context: RecordContext, keyOf: (record: ChangeRecord) => string): Encode {
  const fieldsOf = (record: ChangeRecord): string | undefined =>
    record.fields === undefined ? undefined : fieldsToJson(record.fields);
  const fieldBytesOf = (record: ChangeRecord): Uint8Array | undefined => {
    const text = fieldsOf(record);
    return text === undefined ? undefined : Buffer.from(text);
  };
  const json = (write: WriteJson): Encode => {
    const out = new ByteWriter();
    return (record) => {
      out.reset();
      write(record, fieldsOf(record), out);
      return out.view();
    };
  };
  switch (lane.encoding) {
    case 'json':
      return json(jsonWriter(context));
    case 'cloudevents':
      // In binary mode the attributes are in the headers (model/cloudevents.ts) and the payload is the record itself.
      return json(lane.cloudEvents === 'binary' ? jsonWriter(context) : cloudEventWriter(context, keyOf));
    case 'msgpack':
      return msgpackEncoder(context);
    case 'protobuf': {
      const encode = protobufEncoder(context);
      return (record) => encode(record, fieldBytesOf(record));
    }
    case 'watch-proxy':
      return watchProxyEncoder(context, lane.watchProxy);
    case 'kollect':
      return kollectEncoder(context, lane.clusterId ?? context.cluster);
    case 'rows': {
      const out = new ByteWriter();
      return (record) => packRow(record, out, lane.object);
    }
  }
}
