import type { ByteWriter } from '../model/byte-writer.ts';
import { cloudEventHeaders, cloudEventSource } from '../model/cloudevents.ts';
import { fieldsToJson } from '../model/field-json.ts';
import type { LaneWriter } from '../model/lane.ts';
import { FrameWriter } from '../model/nats-frame.ts';
import type { ChangeRecord, RecordContext } from '../model/record.ts';
import { resourceName } from '../model/resource.ts';
import { packRow } from '../model/row.ts';
import { COMPOSED_AT, stencilMemory } from '../model/stencil.ts';
import { cloudEventForm, type JsonForm, jsonForm, writeJsonRest } from './encode-json.ts';
import { kollectEncoder } from './encode-kollect.ts';
import { msgpackEncoder } from './encode-msgpack.ts';
import { protobufEncoder } from './encode-protobuf.ts';
import { watchProxyEncoder } from './encode-watch-proxy.ts';
import type { LanePlan } from './plan.ts';
import { type RecordStencil, RecordStencils, type RecordTexts } from './record-stencils.ts';
import { compileSubject } from './subject.ts';

export interface RecordEncoder {
  append(record: ChangeRecord, lane: LaneWriter): void;
}

/** What a payload begins with, and what comes then: the first as text, so that it can become a stencil. */
interface PayloadForm {
  readonly head: (record: ChangeRecord) => string;
  /** Writes it behind what is there. */
  readonly rest: (record: ChangeRecord, out: ByteWriter) => void;
}

/**
 * Encodes the records of one stream for one exporter. The payload's key is `<resource[.group]>/<namespace>/<name>`.
 * @throws WatershardError CONFIG_INVALID where the subject template is not one
 */
export function createEncoder(lane: LanePlan, context: RecordContext): RecordEncoder {
  const subject = lane.subject === undefined ? (): string => '' : compileSubject(lane.subject, context);
  const prefix = `${resourceName(context)}/`;
  const key = (record: ChangeRecord): string => `${prefix}${record.namespace}/${record.name}`;
  const payload = payloadForm(lane, context, key);
  const frame = lane.frame === undefined ? undefined : new FrameWriter(lane.frame);
  const frameHead = frame && frameHeads(frame, lane, context, key);
  const stencils = new RecordStencils({ subject, key, frameHead, payloadHead: payload.head });

  const appendTexts = (record: ChangeRecord, writer: LaneWriter): void => {
    const { frames } = writer;
    const subjectText = subject(record);
    // None where the subject is too long for the protocol: the exporter has something to say about that.
    const head = frameHead?.(record, subjectText);
    if (head !== undefined) frames.text(head.text);
    const start = frames.length;
    frames.text(payload.head(record));
    payload.rest(record, frames);
    const end = frames.length;
    if (head !== undefined) frame?.end(frames, head.headerBytes, start);
    writer.end(subjectText, key(record), record.id, record.operation, start, end);
  };
  const appendStencil = (record: ChangeRecord, stencil: RecordStencil, writer: LaneWriter): void => {
    const { frames } = writer;
    const frameEnd = stencil.frame === undefined ? 0 : stencil.frame.compose(0);
    const headEnd = stencil.payload.compose(frameEnd);
    const start = frames.length + frameEnd;
    frames.slice(stencilMemory, COMPOSED_AT, COMPOSED_AT + headEnd);
    payload.rest(record, frames);
    const end = frames.length;
    frame?.end(frames, stencil.headerBytes, start);
    const subjectEnd = stencil.subject.compose(0);
    const keyEnd = stencil.key.compose(subjectEnd);
    const idEnd = stencil.id.compose(keyEnd);
    const at = COMPOSED_AT;
    writer.endNamed(stencilMemory, at, at + subjectEnd, at + keyEnd, at + idEnd, record.operation, start, end);
  };
  return {
    append: (record, writer) => {
      const stencil = stencils.of(record);
      if (stencil === undefined) appendTexts(record, writer);
      else appendStencil(record, stencil, writer);
    },
  };
}

function frameHeads(
  frame: FrameWriter,
  { cloudEvents }: LanePlan,
  context: RecordContext,
  keyOf: (record: ChangeRecord) => string,
): RecordTexts['frameHead'] {
  const source = cloudEvents === 'binary' ? cloudEventSource(context) : undefined;
  return (record, subject) => {
    const { id, operation } = record;
    const attributes =
      source === undefined ? undefined : cloudEventHeaders(source, { id, key: keyOf(record), operation });
    return frame.head(subject, id, operation, attributes);
  };
}

function payloadForm(lane: LanePlan, context: RecordContext, keyOf: (record: ChangeRecord) => string): PayloadForm {
  const json = (form: JsonForm): PayloadForm => ({
    head: form.head,
    rest: (record, out) => writeJsonRest(record, form, out),
  });
  const whole = (encode: (record: ChangeRecord) => Uint8Array): PayloadForm => ({
    head: () => '',
    rest: (record, out) => out.bytes(encode(record)),
  });
  switch (lane.encoding) {
    case 'json':
      return json(jsonForm(context));
    case 'cloudevents':
      // In binary mode the attributes are in the headers (model/cloudevents.ts) and the payload is the record itself.
      return json(lane.cloudEvents === 'binary' ? jsonForm(context) : cloudEventForm(context, keyOf));
    case 'msgpack':
      return whole(msgpackEncoder(context));
    case 'protobuf': {
      const encode = protobufEncoder(context);
      return whole((record) => {
        const { fields, fieldsJson } = record;
        return encode(record, fieldsJson ?? (fields === undefined ? undefined : Buffer.from(fieldsToJson(fields))));
      });
    }
    case 'watch-proxy':
      return whole(watchProxyEncoder(context, lane.watchProxy));
    case 'kollect':
      return whole(kollectEncoder(context, lane.clusterId ?? context.cluster));
    case 'rows':
      return { head: () => '', rest: (record, out) => packRow(record, out, lane.object) };
  }
}
