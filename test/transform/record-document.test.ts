import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { cloudEventHeaders, cloudEventSource } from '../../src/model/cloudevents.ts';
import type { LaneRecord } from '../../src/model/lane.ts';
import { LaneReader, LaneWriter } from '../../src/model/lane.ts';
import type { ChangeRecord, RecordContext } from '../../src/model/record.ts';
import { jsonPatch, mergePatch } from '../../src/transform/diff.ts';
import { createEncoder } from '../../src/transform/encode.ts';
import type { LanePlan } from '../../src/transform/plan.ts';
import { DEFAULT_SUBJECT } from '../../src/transform/subject.ts';
import { PODS, podRecord } from './sample-record.ts';

/**
 * Each example of docs/record.md stands behind its marker and is what the encoder makes. After a change that is meant,
 * run this file with WRITE_EXAMPLES=1.
 */
const DOCUMENT = new URL('../../docs/record.md', import.meta.url);
const EXAMPLE = /<!-- example: (\w+) -->\n(?:```\w*\n[\s\S]*?\n```\n)?/g;

function encode(lane: Partial<LanePlan>, record: ChangeRecord, context: RecordContext = PODS): LaneRecord {
  const writer = new LaneWriter();
  createEncoder({ exporter: 'bus', encoding: 'json', subject: DEFAULT_SUBJECT, ...lane }, context).append(
    record,
    writer,
  );
  return new LaneReader(writer.finish()).at(0);
}

/** The bytes as they are, with a line break before each member of the top, for the page is narrow. */
function json(record: LaneRecord): string {
  const text = Buffer.from(record.payload).toString();
  const members = Object.keys(JSON.parse(text) as object);
  return members.reduce((out, name, i) => (i === 0 ? out : out.replace(`,"${name}":`, `,\n "${name}":`)), text);
}

const bytes = (record: Uint8Array | undefined): string => Buffer.from(record ?? []).toString();
const empty = { fields: undefined, object: undefined, patch: undefined, labels: undefined };
const fence = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\`\n`;

const deleted = podRecord({
  ...empty,
  id: '0b1e6d1c-58a5-4d2f-9a51-6c0f4f0f9b11:deleted',
  operation: 'DELETED',
  detectedBy: 'RELIST',
});
const gap = podRecord({
  ...empty,
  id: 'gap:5d0c8f7e:pods',
  operation: 'GAP',
  detectedBy: 'RELIST',
  namespace: '',
  name: '',
  uid: '',
  resourceVersion: '',
  fields: { reason: 'the state store was flushed' },
});
const before = Buffer.from('{"spec":{"nodeName":"n1"},"status":{"phase":"Pending","message":"pulling"}}');
const after = Buffer.from('{"spec":{"nodeName":"n1"},"status":{"phase":"Running"}}');
const clusterRole: RecordContext = {
  ...PODS,
  group: 'rbac.authorization.k8s.io',
  kind: 'ClusterRole',
  resource: 'clusterroles',
};
const headers = cloudEventHeaders(
  cloudEventSource(PODS),
  encode({ encoding: 'cloudevents', cloudEvents: 'binary' }, podRecord()),
);

const EXAMPLES: Readonly<Record<string, string>> = {
  json: fence('json', json(encode({}, podRecord()))),
  delete: fence('json', json(encode({}, deleted))),
  patches: fence('json', `${bytes(mergePatch(before, after))}\n${bytes(jsonPatch(before, after))}`),
  cloudevents: fence('json', json(encode({ encoding: 'cloudevents' }, podRecord(empty)))),
  headers: fence(
    'text',
    Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}`)
      .join('\n'),
  ),
  subjects: fence(
    'text',
    [
      encode({}, podRecord()).subject,
      encode({}, podRecord({ namespace: '', name: 'system:node.reader' }), clusterRole).subject,
      encode({}, gap).subject,
    ].join('\n'),
  ),
  gap: fence('json', json(encode({}, gap))),
};

describe('docs/record.md', () => {
  const document = readFileSync(DOCUMENT, 'utf8');
  const names = [...document.matchAll(EXAMPLE)].map(([, name]) => name);

  test('has every example once', () => assert.deepEqual(names.toSorted(), Object.keys(EXAMPLES).toSorted()));

  test('shows what the encoder makes', () => {
    const made = document.replace(EXAMPLE, (_all, name: string) => `<!-- example: ${name} -->\n${EXAMPLES[name]}`);
    if (process.env.WRITE_EXAMPLES === '1') writeFileSync(DOCUMENT, made);
    else assert.equal(document, made);
  });

  test('names every member of a record', () => {
    for (const name of Object.keys(JSON.parse(bytes(encode({}, podRecord()).payload)) as object)) {
      assert.match(document, new RegExp(`\`${name}\``), name);
    }
  });
});
