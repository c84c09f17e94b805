import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { posix } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { topicFault, topicOf } from '../../src/exporters/kafka/request.ts';
import { headerBytes } from '../../src/exporters/nats/request.ts';
import { dateFolder, fileName, fileStem, resourceFolder, schemaKey } from '../../src/exporters/parquet/request.ts';
import { cloudEventHeaders, cloudEventSource } from '../../src/model/cloudevents.ts';
import { headerWriter } from '../../src/model/nats-frame.ts';
import { PAGE_HTML } from '../../src/ops/page/document.ts';
import { PAGE_SCRIPT } from '../../src/ops/page/script.ts';
import { startOps } from '../../src/ops/server.ts';
import { stateKeys } from '../../src/state/redis/keys.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { compileSubject, DEFAULT_SUBJECT, unescapeToken } from '../../src/transform/subject.ts';
import { anyCharacter, fuzz } from '../support/fuzz.ts';
import { PODS } from '../transform/sample-record.ts';
import { openApi, writeKubeconfig } from '../watch/watch-setup.ts';

const text = fc
  .array(fc.oneof(anyCharacter, fc.constantFrom('\r', '\n', '.', '/', '*', '>', '%', ' ', '..', '{', '}')), {
    maxLength: 12,
  })
  .map((characters) => characters.join(''));

const check = (property: Parameters<typeof fc.assert>[0]): void => void fc.assert(property, fuzz(500));

test('whatever a name is, a subject has the tokens of its template, and they say the name', () => {
  const subjectOf = compileSubject(DEFAULT_SUBJECT, PODS);
  check(
    fc.property(text, text, (namespace, name) => {
      const subject = subjectOf({ namespace, name, operation: 'UPDATED' });
      const tokens = subject.split('.');
      assert.equal(tokens.length, 6);
      assert.doesNotMatch(subject, /[\s*>]/);
      assert.deepEqual(tokens.slice(4).map(unescapeToken), [namespace.toWellFormed(), name.toWellFormed()]);
    }),
  );
});

test('whatever an id or a name is, a message has the headers it should have', () => {
  const write = headerWriter('K8S');
  const source = cloudEventSource({ cluster: 'demo', group: '', resource: 'pods' });
  check(
    fc.property(text, text, (id, key) => {
      const attributes = cloudEventHeaders(source, { id, key, operation: 'UPDATED' });
      const lines = write(id, 'UPDATED', attributes).split('\r\n');
      assert.equal(lines.length, 4 + Object.keys(attributes).length + 2);
      for (const line of lines) assert.doesNotMatch(line, /[\r\n]/);
      assert.equal(
        headerBytes({ id, operation: 'UPDATED' })
          .toString()
          .split(/[\r\n]+/).length,
        4,
      );
    }),
  );
});

test('whatever a resource or a cluster is called, files stay below the folder of the exporter', () => {
  check(
    fc.property(text, text, text, (cluster, resource, stream) => {
      const folder = resourceFolder('changes', cluster, resource);
      const stem = fileStem(stream, 'e');
      for (const key of [
        schemaKey(folder),
        dateFolder(folder, '2026-01-02') + fileName(stem, { sequence: 1, part: 0 }),
      ]) {
        assert.equal(posix.normalize(key), key);
        assert.match(key, /^changes\/cluster=[^/]+\/resource=[^/]+\/(date=[^/]+\/)?[^/]+$/);
        assert.doesNotMatch(key, /[^\w.@%=/-]/);
      }
    }),
  );
});

test('whatever a name is, a topic of Kafka is one, or the record is refused', () => {
  const subjectOf = compileSubject('{namespace}.{name}', PODS);
  check(
    fc.property(text, text, (namespace, name) => {
      const topic = topicOf(subjectOf({ namespace, name, operation: 'UPDATED' }));
      if (topicFault(topic) === undefined) assert.match(topic, /^[\w.-]{1,249}$/);
    }),
  );
  assert.notEqual(topicFault(topicOf('a'.repeat(300))), undefined);
  assert.notEqual(topicFault('..'), undefined);
});

test('whatever a cluster is called, its keys in Redis are its own', () => {
  check(
    fc.property(text, text, (a, b) => {
      fc.pre(a.isWellFormed() && b.isWellFormed() && a !== b);
      assert.notEqual(stateKeys(a).meta, stateKeys(b).meta);
      assert.equal(stateKeys(a).meta.split(/[{}]/).length, 3);
    }),
  );
});

test('a redirection of the API server is not followed: its token goes nowhere else, and bodies are asked for plain', async () => {
  const seen: string[] = [];
  const elsewhere = createServer((request, response) => {
    seen.push(`elsewhere ${request.headers.authorization}`);
    response.end('{}');
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
  const server = createServer((request, response) => {
    seen.push(`${request.headers.authorization} ${request.headers['accept-encoding']}`);
    response.writeHead(307, { location }).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const api = await openApi(
    writeKubeconfig(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, '{token: s3cret}'),
  );
  const answer = await api.getJson('/api/v1/pods');
  assert.equal(answer.status, 307);
  assert.deepEqual(seen, ['Bearer s3cret undefined']);
  await api.close();
  for (const each of [server, elsewhere]) {
    each.closeAllConnections();
    each.close();
  }
});

test('the live page cannot run what stands in a name', async () => {
  assert.doesNotMatch(PAGE_SCRIPT, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc/);
  assert.doesNotMatch(PAGE_HTML, /<script>|\son\w+=/);
  const ops = await startOps({
    listen: '127.0.0.1:0',
    metrics: createMetrics(),
    status: () => assert.fail('not asked'),
    health: () => ({ live: true, ready: true, reasons: [] }),
  });
  try {
    const page = await fetch(ops.url);
    const policy = page.headers.get('content-security-policy') ?? '';
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"])
      assert.ok(policy.includes(part), policy);
    assert.doesNotMatch(policy, /unsafe|\*|data:/);
    assert.equal((await fetch(ops.url, { method: 'POST' })).status, 405);
  } finally {
    await ops.close();
  }
});
