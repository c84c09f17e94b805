import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ObjectKey } from '../../src/model/object-key.ts';
import { textId, WorkTrace } from '../../src/model/work-trace.ts';
import { Poison } from '../../src/topology/poison.ts';

const MINUTE = 60 * 1e6;

function keyOf(text: string): ObjectKey {
  const key = new ObjectKey();
  key.text = text;
  return key;
}

describe('the trace of a thread', () => {
  test('says what was being done', () => {
    const thread = new WorkTrace();
    const main = new WorkTrace(thread.shared);
    assert.equal(main.read(), undefined);
    thread.task('pods@ns');
    assert.deepEqual(main.read(), { stream: 'pods@ns', object: undefined });
    thread.reading();
    assert.deepEqual(main.read(), { stream: 'pods@ns', object: 'unread' });
    thread.text(-1, 15);
    assert.deepEqual(main.read(), { stream: 'pods@ns', object: { text: textId(-1, 15) } });
    const text = Buffer.from('"9007199254740993"');
    thread.object(keyOf('ns/ü'), text, 1, text.length - 1);
    assert.deepEqual(main.read(), {
      stream: 'pods@ns',
      object: { key: 'ns/ü', resourceVersion: '9007199254740993' },
    });
    thread.behind();
    assert.deepEqual(main.read(), { stream: 'pods@ns', object: undefined });
    thread.idle();
    assert.equal(main.read(), undefined);
  });

  test('a name that is too long is cut and spoils nothing', () => {
    const trace = new WorkTrace();
    trace.task('s');
    trace.object(keyOf('k'.repeat(5000)), Buffer.from('1'), 0, 1);
    assert.deepEqual(trace.read(), { stream: 's', object: { key: 'k'.repeat(1024), resourceVersion: '1' } });
  });
});

describe('what is poisonous', () => {
  const of = (key: string, resourceVersion: string) => ({ stream: 's', object: { key, resourceVersion } });

  test('an object is set aside at its second crash, in that version only', () => {
    const poison = new Poison();
    assert.equal(poison.quarantine, undefined);
    assert.equal(poison.blame(of('ns/a', '1'), 0), 'suspected');
    assert.equal(poison.quarantine, undefined);
    assert.equal(poison.blame(of('ns/b', '2'), 0), 'suspected', 'another one');
    assert.equal(poison.blame(of('ns/a', '3'), 0), 'suspected', 'another version');
    assert.equal(poison.blame(of('ns/a', '1'), 0), 'quarantined');
    assert.deepEqual(poison.quarantine, {
      objects: [{ key: 'ns/a', resourceVersions: ['1'], until: 0 }],
      texts: [],
      careful: false,
    });
  });

  test('one that is poisonous in several versions is set aside whatever its version, longer each time', () => {
    const poison = new Poison();
    const untils = ['1', '2', '3'].map((version) => {
      poison.blame(of('ns/a', version), 0);
      poison.blame(of('ns/a', version), 0);
      return poison.quarantine?.objects[0]?.until;
    });
    assert.deepEqual(untils, [0, 10 * MINUTE, 20 * MINUTE]);
  });

  test('where the key is not known, texts are told apart from then on', () => {
    const poison = new Poison();
    assert.equal(poison.blame({ stream: 's', object: undefined }, 0), 'unknown');
    assert.ok(!poison.quarantine?.careful);
    assert.equal(poison.blame({ stream: 's', object: 'unread' }, 0), 'unread');
    assert.deepEqual(poison.quarantine, { objects: [], texts: [], careful: true });
    assert.equal(poison.blame({ stream: 's', object: { text: 'a:b' } }, 0), 'suspected');
    assert.equal(poison.blame({ stream: 's', object: { text: 'a:b' } }, 0), 'quarantined');
    assert.deepEqual(poison.quarantine?.texts, ['a:b']);
  });

  test('what is remembered is bounded', () => {
    const poison = new Poison();
    for (let i = 0; i < 1100; i++) {
      poison.blame(of(`ns/${i}`, '1'), 0);
      poison.blame(of(`ns/${i}`, '1'), 0);
    }
    assert.equal(poison.quarantine?.objects.length, 1000);
    assert.equal(poison.quarantine?.objects.at(-1)?.key, 'ns/1099');
  });
});
