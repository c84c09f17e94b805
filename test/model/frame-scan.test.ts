import assert from 'node:assert/strict';
import { test } from 'node:test';
import { frameObject, frameResourceVersion, frameType, plainObjectStart } from '../../src/model/frame-scan.ts';

const object = {
  kind: 'Pod',
  metadata: { name: 'a', ownerReferences: [{ uid: 'u', resourceVersion: '9' }], resourceVersion: '123' },
};

function read(line: string) {
  const bytes = Buffer.from(`junk${line}more`);
  const end = bytes.length - 4;
  const slice = frameObject(bytes, 4, end);
  return {
    type: frameType(bytes, 4, end),
    version: frameResourceVersion(bytes, 4, end),
    object: slice === undefined ? undefined : JSON.parse(bytes.toString('utf8', slice.start, slice.end)),
  };
}

test('reads a line as the API server writes it', () => {
  for (const type of ['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']) {
    const line = JSON.stringify({ type, object });
    assert.deepEqual(read(line), { type, version: '123', object });
    assert.deepEqual(read(`${line}\n`), { type, version: '123', object });
    assert.deepEqual(read(`${line}\r\n`), { type, version: '123', object });
  }
});

test('reads other orders, white space and escapes', () => {
  const expected = { type: 'ADDED', version: '123', object };
  assert.deepEqual(read(JSON.stringify({ object, type: 'ADDED' })), expected);
  assert.deepEqual(read(JSON.stringify({ type: 'ADDED', object }, null, '\t').replaceAll('\n', '\r\n')), expected);
  assert.deepEqual(
    read(` {"x":"{\\"type\\":\\"DELETED\\"}","type":"\\u0041DDED","object":${JSON.stringify(object)} } `),
    expected,
  );
  assert.equal(read('{"\\u0074ype":"ADDED","object":{"metad\\u0061ta":{"resourceVersion":"7"}}}').type, 'ADDED');
  assert.equal(read('{"\\u0074ype":"ADDED","object":{"metad\\u0061ta":{"resourceVersion":"7"}}}').version, '7');
});

test('does not take the version of something else', () => {
  const misleading = {
    metadata: {
      annotations: { a: '{"metadata":{"resourceVersion":"1"}}' },
      ownerReferences: [{ resourceVersion: '2' }],
    },
    resourceVersion: '3',
    spec: { metadata: { resourceVersion: '4' } },
  };
  assert.equal(read(JSON.stringify({ type: 'ADDED', object: misleading })).version, '');
  assert.equal(read(JSON.stringify({ type: 'ADDED', object: { metadata: { resourceVersion: 5 } } })).version, '');
});

test('a line that cannot be read gives UNKNOWN and no object', () => {
  for (const line of ['', '\n', 'null', '[]', '{', '"ADDED"', 'not json', '{"type":"FOO","object":{}}', '{"type":7}']) {
    const got = read(line);
    assert.equal(got.version, '', line);
    assert.equal(got.type, 'UNKNOWN', line);
  }
  assert.equal(read('{"type":"ADDED","object":{"metadata":{"name":"x"').object, undefined);
  assert.equal(read('{"type":"ADDED","object":{}}}').object, undefined);
  assert.equal(read('{"type":"ADDED","object":[]}').object, undefined);
});

test('a truncated line is never more than its type', () => {
  const line = JSON.stringify({ type: 'MODIFIED', object });
  for (let i = 0; i < line.length; i++) assert.equal(read(line.slice(0, i)).object, undefined);
});

test('finds the object of a plain line without reading it', () => {
  const line = Buffer.from(JSON.stringify({ type: 'ADDED', object }));
  assert.equal(plainObjectStart(line, 0, line.length), line.indexOf('{"kind"'));
  assert.equal(plainObjectStart(line, 0, 20), -1);
  assert.equal(plainObjectStart(Buffer.from('{ "type":"ADDED","object":{}}'), 0, 28), -1);
});
