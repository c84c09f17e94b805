import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteWriter } from '../../src/model/byte-writer.ts';
import { JsonScan } from '../../src/model/json-scan.ts';
import { compileTrie, type PathToken, PRUNE, REDACT } from '../../src/model/json-trie.ts';
import { writeEdited } from '../../src/transform/cut.ts';
import { parsePath } from '../../src/transform/paths.ts';
import { fuzz } from '../support/fuzz.ts';
import { ownJson } from '../support/json.ts';

function edit(text: string, prune: PathToken[][], redact: PathToken[][] = []): string {
  const trie = compileTrie([
    ...prune.map((tokens) => ({ tokens, flags: PRUNE })),
    ...redact.map((tokens) => ({ tokens, flags: REDACT })),
  ]);
  const scan = new JsonScan(0);
  const b = Buffer.from(text);
  assert.equal(scan.run(b, 0, b.length, trie), b.length);
  const out = new ByteWriter();
  writeEdited(b, 0, b.length, scan.edits, out);
  return out.view().toString();
}
const pruned = (text: string, ...paths: string[]) => edit(text, paths.map(parsePath));
const redacted = (text: string, ...paths: string[]) => edit(text, [], paths.map(parsePath));

test('cuts a member with its comma and leaves every other byte', () => {
  assert.equal(pruned('{"a":1,"b":2,"c":3}', 'a'), '{"b":2,"c":3}');
  assert.equal(pruned('{"a":1,"b":2,"c":3}', 'b'), '{"a":1,"c":3}');
  assert.equal(pruned('{"a":1,"b":2,"c":3}', 'c'), '{"a":1,"b":2}');
  assert.equal(pruned('{"a":1,"b":2,"c":3}', 'a', 'b'), '{"c":3}');
  assert.equal(pruned('{"a":1,"b":2,"c":3}', 'b', 'c'), '{"a":1}');
  assert.equal(pruned('{"a":1,"b":2,"c":3}', 'a', 'c'), '{"b":2}');
  assert.equal(pruned('{"a":1,"b":2,"c":3}', 'a', 'b', 'c'), '{}');
  assert.equal(pruned('{"a":{"x":1}, "b":12345678901234567890.10 }', 'a'), '{ "b":12345678901234567890.10 }');
  assert.equal(pruned('{"a":{"x":1,"y":2}}', 'a.x'), '{"a":{"y":2}}');
  assert.equal(pruned('{"a":{"x":1,"y":2}}', 'a.x', 'a'), '{}');
  assert.equal(pruned('{"a":1}', 'a.x', 'b', 'a[*]', 'a[0]'), '{"a":1}');
});

test('reaches into arrays, by wildcard and index, and into maps', () => {
  const text = '{"c":[{"env":1,"i":"a"},{"i":"b","env":[{"x":2}]},{"env":0}],"d":{"k":{"env":1}}}';
  assert.equal(pruned(text, 'c[*].env'), '{"c":[{"i":"a"},{"i":"b"},{}],"d":{"k":{"env":1}}}');
  assert.equal(pruned(text, 'c[1].env', 'd[*].env'), '{"c":[{"env":1,"i":"a"},{"i":"b"},{"env":0}],"d":{"k":{}}}');
  assert.equal(pruned('[1,2,3]', '[0]', '[2]'), '[2]');
  assert.equal(pruned('[1,2,3]', '[*]'), '[]');
  assert.equal(pruned('{"a":{"x":{"p":1,"q":2},"y":{"p":1,"q":2}}}', 'a[*].p', 'a.x.q'), '{"a":{"x":{},"y":{"q":2}}}');
});

test('redacts leaves and keeps keys and structure', () => {
  assert.equal(
    redacted('{"data":{"a":"x","b":"y"},"k":1}', 'data'),
    '{"data":{"a":"[REDACTED]","b":"[REDACTED]"},"k":1}',
  );
  assert.equal(
    redacted('{"a": "s" ,"b":-1.5,"c":null,"d":[true,{"e" : "f"}],"g":{}}', 'a', 'b', 'c', 'd', 'g'),
    '{"a": "[REDACTED]" ,"b":"[REDACTED]","c":"[REDACTED]","d":["[REDACTED]",{"e" : "[REDACTED]"}],"g":{}}',
  );
  assert.equal(redacted('{"c":[{"v":"a\\"b:"},{"w":1}]}', 'c[*].v'), '{"c":[{"v":"[REDACTED]"},{"w":1}]}');
  assert.equal(
    edit('{"data":{"a":1,"b":2}}', [parsePath('data.a')], [parsePath('data')]),
    '{"data":{"a":"[REDACTED]","b":"[REDACTED]"}}',
  );
  assert.equal(edit('{"data":{"a":1,"b":2}}', [parsePath('data')], [parsePath('data.b')]), '{}');
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What pruning means, on parsed JSON. */
function prunedValue(value: Json, paths: PathToken[][]): Json {
  const below = (match: (t: PathToken) => boolean) =>
    paths.filter((p) => p.length > 0 && match(p[0] as PathToken)).map((p) => p.slice(1));
  const gone = (rest: PathToken[][]) => rest.some((p) => p.length === 0);
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => {
      const rest = below((t) => 'any' in t || ('index' in t && t.index === i));
      return gone(rest) ? [] : [prunedValue(item, rest)];
    });
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const rest = below((t) => 'any' in t || ('key' in t && t.key === key));
      return gone(rest) ? [] : [[key, prunedValue(item, rest)]];
    }),
  );
}

const key = fc.constantFrom('a', 'b', 'c', 'data', 'é"\\', '');
const tree = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null)),
    fc.dictionary(key, tie('value'), { maxKeys: 5 }),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
})).value;
const path = fc.array(
  fc.oneof(
    key.map((k) => ({ key: k })),
    fc.constant({ any: true as const }),
    fc.nat({ max: 3 }).map((index) => ({ index })),
  ),
  { minLength: 1, maxLength: 4 },
);
const paths = fc.array(path, { minLength: 1, maxLength: 5 });

test('pruning equals pruning of the parsed value, whatever the paths and the white space', () => {
  fc.assert(
    fc.property(
      ownJson(fc.dictionary(key, tree)),
      paths,
      fc.constantFrom(undefined, 1, '\t'),
      (value, prune, indent) => {
        const text = JSON.stringify(value, null, indent);
        assert.deepEqual(JSON.parse(edit(text, prune)), JSON.parse(JSON.stringify(prunedValue(value, prune))));
      },
    ),
    fuzz(2000),
  );
});

test('redaction: valid JSON of the same structure, with no leaf left below the paths', () => {
  fc.assert(
    fc.property(ownJson(fc.dictionary(key, tree)), paths, (value, redact) => {
      const result: Json = JSON.parse(edit(JSON.stringify(value), [], redact));
      // Without what is redacted both are the same.
      assert.deepEqual(prunedValue(result, redact), prunedValue(value, redact));
      const check = (before: Json, after: Json, rest: PathToken[][], inside: boolean): void => {
        const hidden = inside || rest.some((p) => p.length === 0);
        if (typeof before === 'object' && before !== null) {
          assert.deepEqual(Object.keys(before), Object.keys(after as object));
          for (const k of Object.keys(before)) {
            const next = rest.filter((p) => {
              const t = p[0];
              if (t === undefined) return false;
              return (
                'any' in t ||
                (Array.isArray(before) ? 'index' in t && String(t.index) === k : 'key' in t && t.key === k)
              );
            });
            check(
              (before as Record<string, Json>)[k] as Json,
              (after as Record<string, Json>)[k] as Json,
              next.map((p) => p.slice(1)),
              hidden,
            );
          }
        } else assert.deepEqual(after, hidden ? '[REDACTED]' : before);
      };
      check(value, result, redact, false);
    }),
    fuzz(1000),
  );
});
