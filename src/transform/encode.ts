import { ByteWriter } from '../model/byte-writer.ts';
import { fieldsToJson } from '../model/field-json.ts';
import type { LaneWriter } from '../model/lane.ts';
import type { ChangeRecord, RecordContext } from '../model/record.ts';
import { resourceName } from '../model/resource.ts';
import { packRow } from '../model/row.ts';
import type { WriteJson } from './encode-json.ts';
import { cloudEventWriter, jsonWriter } from './encode-json.ts';
import { msgpackEncoder } from './encode-msgpack.ts';
import { protobufEncoder } from './encode-protobuf.ts';
import type { FieldPlan, LanePlan } from './plan.ts';
import { compileSubject } from './subject.ts';

export interface RecordEncoder {
  append(record: ChangeRecord, lane: LaneWriter): void;
}

type Encode = (record: ChangeRecord) => Uint8Array;

/**
 * Encodes the records of one stream for one exporter. The payload's key is `<resource[.group]>/<namespace>/<name>`.
 * @param fields of the stream's plan; without any, records have no `fields`
 * @throws WatershardError CONFIG_INVALID where the subject template is not one
 */
export function createEncoder(lane: LanePlan, context: RecordContext, fields: readonly FieldPlan[]): RecordEncoder {
  const subject = lane.subject === undefined ? undefined : compileSubject(lane.subject, context);
  const prefix = `${resourceName(context)}/`;
  const keyOf = (record: ChangeRecord): string => `${prefix}${record.namespace}/${record.name}`;
  const encode = encoderOf(lane, context, keyOf, fields.length > 0);
  return {
    append: (record, writer) =>
      writer.append(subject === undefined ? '' : subject(record), keyOf(record), record.id, record.operation, encode(record)),
  };
}

function encoderOf(lane: LanePlan, context: RecordContext, keyOf: (record: ChangeRecord) => string, hasFields: boolean): Encode {
  const fieldsOf = (record: ChangeRecord): string | undefined =>
    hasFields && record.fields !== undefined ? fieldsToJson(record.fields) : undefined;
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
    case 'msgpack': {
      const encode = msgpackEncoder(context);
      return (record) => encode(record, hasFields ? record.fields : undefined);
    }
    case 'protobuf': {
      const encode = protobufEncoder(context);
      return (record) => encode(record, fieldBytesOf(record));
    }
    case 'rows': {
      const out = new ByteWriter();
      return (record) => packRow(record, fieldBytesOf(record), out);
    }
  }
}
