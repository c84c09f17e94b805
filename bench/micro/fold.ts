import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { DeltaWriter } from '../../src/model/delta.ts';
import { EmbeddedDatabase } from '../../src/state/embedded/database.ts';

/*
 * What the embedded state costs with many objects, its folds included (docs/decisions/0014-log-of-changes-in-the-embedded-state.md):
 * commits of 1,000 changes each, and a slice of a fold behind each; first every object once, then changes of any of them, twice.
 *
 *     node bench/micro/fold.ts [--objects 300000] [--changes 600000] [--bytes 120]
 *
 * Prints microseconds of CPU a change, and milliseconds of the dearest commit with its slice.
 */

const COMMIT = 1000;
const { values: options } = parseArgs({
  options: {
    objects: { type: 'string', default: '300000' },
    changes: { type: 'string', default: '600000' },
    /** Of a known value: some 120, with `diff` some 700. */
    bytes: { type: 'string', default: '120' },
  },
});
const objects = Number(options.objects);
const folder = mkdtempSync(join(tmpdir(), 'watershard-fold-'));
const identity = { cluster: 'bench', clusterUid: 'bench', owner: 'bench' };
const database = new EmbeddedDatabase(join(folder, 'state.db'), identity);
const writer = new DeltaWriter();
const value = Buffer.alloc(Number(options.bytes), 7);
let sequence = 0;
let random = 12_345;

function micros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** @param next the number of the object that changes */
function run(name: string, changes: number, next: (i: number) => number): void {
  const begin = micros();
  let worst = 0;
  for (let i = 0; i < changes; i += COMMIT) {
    const before = micros();
    for (let j = 0; j < COMMIT; j++) {
      const n = next(i + j);
      writer.put(`namespace-${n % 97}/deployment-${(n * 7919) % 9973}-pod-${n}`, value);
    }
    const position = { resourceVersion: `${++sequence}`, sequence, committedAt: sequence, scope: '' };
    database.commit([{ stream: 'pods', position, deltas: [writer.finish()] }], []);
    database.fold();
    worst = Math.max(worst, micros() - before);
  }
  const each = (micros() - begin) / changes;
  console.log(`${each.toFixed(2).padStart(6)} µs  ${name}, ${(worst / 1000).toFixed(0)} ms at most`);
}

run('first list', objects, (i) => i);
for (const name of ['changes', 'changes again']) {
  run(name, Number(options.changes), () => {
    random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
    return random % objects;
  });
}
database.close();
rmSync(folder, { recursive: true });
