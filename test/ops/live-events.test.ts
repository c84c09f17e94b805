import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { test } from 'node:test';
import type { StatusReport } from '../../src/model/status.ts';
import { LiveEvents } from '../../src/ops/live-events.ts';
import { until } from '../support/until.ts';

/** A listener whose connection can stand still. */
class Listener extends EventEmitter {
  writableNeedDrain = false;
  readonly events: { name: string; data: { totals?: { records: number } } }[] = [];

  writeHead(): this {
    return this;
  }

  write(text: string): void {
    const [, name, data] = /^event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
    if (name !== undefined) this.events.push({ name, data: JSON.parse(data!) as { totals?: { records: number } } });
  }

  end(): this {
    return this;
  }
}

test('a listener that did not read for a while misses changes, and begins again with the whole status', async () => {
  let records = 0;
  const report = () => {
    records++;
    return { streams: [], shards: [], exporters: [], totals: { records, bytes: 0 } } as unknown as StatusReport;
  };
  const live = new LiveEvents(report, (e) => assert.fail(String(e)));
  const [slow, quick] = [new Listener(), new Listener()];
  live.add(slow as unknown as ServerResponse);
  live.add(quick as unknown as ServerResponse);
  assert.deepEqual([slow.events[0]?.name, quick.events[0]?.name], ['report', 'report']);
  slow.writableNeedDrain = true;
  await until('the other hears of a change', () => quick.events.length >= 2);
  assert.equal(slow.events.length, 1);
  slow.writableNeedDrain = false;
  await until('both hear again', () => quick.events.length >= 4 && slow.events.length >= 3);
  assert.deepEqual(
    slow.events.slice(0, 3).map((e) => e.name),
    ['report', 'report', 'change'],
  );
  assert.ok(quick.events.slice(1).every((e) => e.name === 'change'));
  assert.equal(slow.events.at(-1)?.data.totals?.records, quick.events.at(-1)?.data.totals?.records);
  slow.emit('close');
  quick.emit('close');
  const told = records;
  await new Promise((r) => setTimeout(r, 1500));
  assert.equal(records, told, 'nobody listens, so nobody asks');
  live.close();
});
