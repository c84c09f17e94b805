import { ByteWriter } from '../model/byte-writer.ts';
import { fieldsToJson } from '../model/field-json.ts';
import type { LaneWriter } from '../model/lane.ts';
import type { ChangeRecord, RecordContext } from '../model/record.ts';
import { resourceName } from '../model/resource.ts';
import { packRow } from '../model/row.ts';
import type { WriteJson } from './encode-json.ts';
import { cloudEventWriter, jsonWriter } from './encode-json.ts';
import { kollectEncoder } from './encode-kollect.ts';
import { msgpackEncoder } from './encode-msgpack.ts';
import { protobufEncoder } from './encode-protobuf.ts';
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
  const subject = lane.subject === undefined ? undefined : compileSubject(lane.subject, context);
  const prefix = `${resourceName(context)}/`;
  const keyOf = (record: ChangeRecord): string => `${prefix}${record.namespace}/${record.name}`;
  const encode = encoderOf(lane, context, keyOf);
  return {
    append: (record, writer) =>
      writer.append(
        subject === undefined ? '' : subject(record),
        keyOf(record),
        record.id,
        record.operation,
        encode(record),
      ),
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
      // In binary mode the exporter makes the headers (model/cloudevents.ts) and the payload is the record itself.
      return json(lane.cloudEvents === 'binary' ? jsonWriter(context) : cloudEventWriter(context, keyOf));
    case 'msgpack':
      return msgpackEncoder(context);
    case 'protobuf': {
      const encode = protobufEncoder(context);
      return (record) => encode(record, fieldBytesOf(record));
    }
    case 'kollect':
      return kollectEncoder(context, lane.clusterId ?? context.cluster);
    case 'rows': {
      const out = new ByteWriter();
      return (record) => packRow(record, fieldBytesOf(record), out);
    }
  }
}
