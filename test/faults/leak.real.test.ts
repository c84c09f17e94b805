import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { until } from '../support/until.ts';
import { endAfterTime } from './bodies.ts';
import { FaultRig } from './fault-rig.ts';

const RECONNECTS = 10_000;
/** Those before the first measurement: code is compiled, heaps and pools have found their size. */
const WARM = 5000;
const SPACES = Array.from({ length: 48 }, (_, i) => `space-${i}`);

describe(`${RECONNECTS} forced reconnects`, () => {
  let rig: FaultRig;
  before(async () => {
    const resources = ['configmaps', 'pods', 'secrets', 'widgets.example.com'];
    const watch = { resources, namespaces: { include: ['alpha', 'beta', ...SPACES] } };
    rig = await FaultRig.start({ seed: 11, settings: { watch } });
    rig.load.rate = 20;
    await rig.workload.create(100);
    const preload = `--import ${new URL('../fixtures/collect-garbage.mjs', import.meta.url).href}`;
    await rig.program.start(rig.config(), 'run', { NODE_OPTIONS: preload });
    await rig.program.ready();
    rig.load.start();
  });
  after(() => rig.stop());

  /**
   * Until so many watches have begun. Memory goes up and down with what is about to be collected, and with what the
   * allocator holds on to; the low tenth is what is needed, and what a leak would raise.
   */
  async function measure(watches: () => number, until: number): Promise<{ files: number; rss: number }> {
    const samples: { files: number; rss: number }[] = [];
    while (watches() < until) {
      const files = readdirSync(`/proc/${rig.program.pid}/fd`).length;
      const rss = Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${rig.program.pid}/status`, 'utf8'))?.[1]);
      samples.push({ files, rss });
      await wait(100);
    }
    const low = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 10)] as number;
    return { files: low(samples.map((s) => s.files)), rss: low(samples.map((s) => s.rss)) };
  }

  test('take no more file descriptors and no more memory than the first ones', async (t) => {
    const watches = (): number => rig.api.requests.filter((r) => r.url.includes('watch=true')).length;
    // The server ends each watch and its connection after a good second, which is as often as one stream begins anew.
    rig.api.add({
      when: ({ url }) => url.includes('watch=true'),
      fault: { type: 'body', change: endAfterTime(1050), close: true },
    });
    rig.api.breakAll();
    await until('it has warmed up', () => watches() >= WARM, 300);
    const first = await measure(watches, (WARM + RECONNECTS) / 2);
    const last = await measure(watches, RECONNECTS);
    t.diagnostic(JSON.stringify({ first, last, reconnects: watches() }));
    // How many of two hundred watches are just between two connections depends on the machine; a leak makes hundreds.
    assert.ok(last.files <= first.files + 25, `${first.files} file descriptors became ${last.files}`);
    assert.ok(last.rss <= first.rss * 1.05, `${first.rss} kB became ${last.rss} kB`);
    await rig.verdict();
  });
});
