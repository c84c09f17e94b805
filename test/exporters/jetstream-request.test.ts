import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headers } from '@nats-io/transport-node';
import {
  answerReader,
  streamSubject,
  subjectCoverage,
  subjectFault,
  subjectPattern,
} from '../../src/exporters/jetstream/request.ts';
import { headerWriter } from '../../src/model/nats-frame.ts';

test('header bytes are those of the client library', () => {
  const library = headers();
  library.set('Nats-Expected-Stream', 'K8S');
  library.set('Watershard-Operation', 'DELETED');
  library.set('Nats-Msg-Id', 'uid-ä:deleted');
  library.set('ce-type', 'x');
  const encoded = (library as unknown as { encode(): Uint8Array }).encode();
  assert.equal(headerWriter('K8S')('uid-ä:deleted', 'DELETED', { 'ce-type': 'x' }), Buffer.from(encoded).toString());
});

test('no value can add a header', () => {
  const text = headerWriter('K8S')('a\r\nEvil: 1', 'CREATED', { 'ce-id': 'b\nEvil: 2' });
  assert.equal(text.split('\r\n').filter((line) => line.startsWith('Evil')).length, 0);
  assert.equal(text.split('\r\n').length, 7);
});

test('reads what the server answers', () => {
  const read = answerReader('K8S');
  const answer = (text: string, status = 0): unknown => read(Buffer.from(text), status);
  assert.deepEqual(answer('{"stream":"K8S","seq":1}'), { type: 'stored', duplicate: false });
  assert.deepEqual(answer('{"stream":"K8S", "seq":18446744073709551615}'), { type: 'stored', duplicate: false });
  assert.deepEqual(answer('{"stream":"K8S","domain":"hub","seq":4}'), { type: 'stored', duplicate: false });
  assert.deepEqual(answer('{"stream":"K8S","seq":3,"duplicate": true}'), { type: 'stored', duplicate: true });
  assert.deepEqual(answer('', 503), { type: 'no-responders' });
  assert.deepEqual(
    answer('{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"stream":"K8S","seq":0}'),
    {
      type: 'refused',
      code: 10077,
      status: 503,
      description: 'maximum bytes exceeded',
    },
  );
  for (const odd of ['{"stream":"K8S"}', 'null', '[]', 'nonsense', '{"stream":"K8S","seq":0}x', '{}']) {
    assert.equal((answer(odd) as { type: string }).type, 'refused', odd);
  }
});

test('tells which subjects a template can produce, and what a stream takes of them', () => {
  const pattern = subjectPattern('k8s.{cluster}.{group}.{resource}.{namespace}.{name}', 'demo');
  assert.equal(pattern, 'k8s.demo.*.*.*.*');
  assert.equal(subjectPattern('k8s.{cluster}.x-{kind}', 'a.b'), 'k8s.*.*');
  assert.equal(streamSubject(pattern), 'k8s.demo.>');
  assert.equal(streamSubject('all'), 'all');
  assert.equal(streamSubject('*.x'), '*.x');
  const coverage: Record<string, string> = {
    'k8s.>': 'all',
    '>': 'all',
    'k8s.demo.*.*.*.*': 'all',
    'k8s.demo.apps.>': 'some',
    'k8s.*.*.pods.*.*': 'some',
    'k8s.demo.*': 'none',
    'k8s.demo.*.*.*.*.>': 'none',
    'k8s.demo.*.*.*.*.*': 'none',
    'other.>': 'none',
  };
  for (const [subject, expected] of Object.entries(coverage))
    assert.equal(subjectCoverage(subject, pattern), expected, subject);
});

test('knows what cannot be published to', () => {
  assert.equal(subjectFault('k8s.demo.core.pods.default.web%2E1'), undefined);
  for (const bad of ['', 'a b', 'a.*', 'a.>', '.a', 'a.', 'a..b', '$SYS.x', 'a\r\nPUB x', 'x'.repeat(3000)])
    assert.notEqual(subjectFault(bad), undefined, bad);
});
