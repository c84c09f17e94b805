import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Stream } from '../../src/model/resource.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { RetiredStreams, type RetiringTopology } from '../../src/topology/retired-streams.ts';
import type { StreamRun } from '../../src/topology/stream-run.ts';

const stream: Stream = {
  id: 'gadgets.example.com',
  resource: { group: 'example.com', version: 'v1', kind: 'Gadget', resource: 'gadgets', namespaced: true },
  metadataOnly: false,
};
const REMOVED = { type: 'removed', observedAt: 1 } as const;

/** A run that was told that its resource has gone. */
function setUp() {
  const run = {
    stream,
    idle: true,
    halted: false,
    incarnation: 1,
    records: 2,
    bytes: 3,
    gap: undefined,
    end: async () => undefined,
  };
  const asRun = run as unknown as StreamRun;
  const topology: RetiringTopology = {
    runs: new Map([[stream.id, asRun]]),
    outlets: [],
    committer: { exclusive: (work) => work() },
    options: { metrics: createMetrics(), logger: createLogger('silent') },
  };
  const retired = new RetiredStreams();
  retired.look(asRun, REMOVED);
  const stays = (): boolean => {
    retired.sweep(topology);
    return topology.runs.has(stream.id);
  };
  return { run, asRun, retired, stays };
}

describe('a stream whose resource has gone', () => {
  test('goes when nothing is on its way; its numbers stay', () => {
    const { run, retired, stays } = setUp();
    run.idle = false;
    assert.equal(stays(), true);
    run.idle = true;
    assert.equal(stays(), false);
    assert.deepEqual(retired.get(stream.id), { incarnation: 2, records: 2, bytes: 3, gap: undefined });
  });

  test('stays while it is halted: it has forgotten what it was told', () => {
    const { run, stays } = setUp();
    run.halted = true;
    assert.equal(stays(), true);
  });

  test('begins again: it goes only once it is told again', () => {
    const { asRun, retired, stays } = setUp();
    retired.begins(asRun);
    assert.equal(stays(), true);
    retired.look(asRun, REMOVED);
    assert.equal(stays(), false);
  });
});
