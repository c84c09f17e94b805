import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { until } from '../support/until.ts';
import { cutAfter, errorEvent, inPieces, slowly, withLines } from './bodies.ts';
import { FaultRig, of } from './fault-rig.ts';
import type { Fault } from './http-proxy.ts';
import { scenarios } from './scenario.ts';

const status = (code: number, reason: string, headers: Record<string, string> = {}): Fault => ({
  type: 'answer',
  status: code,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message: reason }),
});
const GONE = status(410, 'Expired');
const RESET: Fault = { type: 'reset' };
const TIMEOUT: Fault = { type: 'hang' };

describe('faults of the API server', () => {
  let rig: FaultRig;
  before(async () => {
    rig = await FaultRig.start();
    await rig.begin();
  });
  after(() => rig.stop());

  const fault = scenarios(() => rig);

  fault('none: what the program does is right', async () => {
    await rig.load.writes(200);
    const records = await rig.verdict();
    assert.ok(records.length > 300);
  });

  fault('a watch is answered with 410, as a status and as an ERROR event', async () => {
    const struck = [
      rig.api.add({ when: of('configmaps', 'watch'), times: 1, fault: GONE }),
      rig.api.add({
        when: of('pods', 'watch'),
        times: 1,
        fault: { type: 'body', change: withLines(0, errorEvent(410, 'Expired', 'too old resource version: 1 (2)')) },
      }),
    ];
    rig.api.breakAll();
    await rig.load.writes(300);
    assert.deepEqual(
      struck.map((s) => s()),
      [1, 1],
    );
    await rig.verdict({ relisted: ['configmaps', 'pods'] });
  });

  fault('every answer in pieces of one byte', async () => {
    rig.api.add({ when: () => true, fault: { type: 'body', change: inPieces(1) } });
    rig.api.breakAll();
    await rig.load.writes(200);
    await rig.verdict();
  });

  fault('watches are cut off at every place', async () => {
    // Other bytes each time, in the middle of characters too: the answers of the watches are all different.
    for (let bytes = 100; bytes < 1500; bytes += 37)
      rig.api.add({ when: of('configmaps', 'watch'), times: 1, fault: { type: 'body', change: cutAfter(bytes) } });
    rig.api.breakAll();
    await rig.load.writes(400);
    await rig.verdict();
  });

  fault('lines that are no events, in the middle of a watch', async () => {
    const lines = [
      '{"type":"ADDED","object":{"kind":"ConfigMap","metadata":{"name":"half',
      'not json at all',
      '{}',
      '[1,2]',
      '',
    ];
    const malformed = await rig.counter('watershard_records_quarantined_total', /FRAME_MALFORMED/);
    const struck = rig.api.add({
      when: of('configmaps', 'watch'),
      times: 1,
      fault: { type: 'body', change: withLines(3, ...lines) },
    });
    rig.api.breakAll();
    // It waits first where its watches have just failed, as after the scenario before.
    await until('the lines are sent', () => struck() === 1);
    await rig.load.writes(200);
    await rig.verdict();
    assert.equal(await rig.counter('watershard_records_quarantined_total', /FRAME_MALFORMED/), malformed + 4);
  });

  fault('ERROR events of 429 and 500', async () => {
    for (const [resource, code] of [
      ['pods', 429],
      ['secrets', 500],
    ] as const) {
      rig.api.add({
        when: of(resource, 'watch'),
        times: 3,
        fault: { type: 'body', change: withLines(1, errorEvent(code, 'TooManyRequests', 'the server is busy')) },
      });
    }
    rig.api.breakAll();
    await rig.load.writes(300);
    await rig.verdict();
  });

  fault('a storm of 429 with Retry-After: it is waited for, and nothing is listed again', async () => {
    const struck = rig.api.add({
      when: of('configmaps'),
      fault: status(429, 'TooManyRequests', { 'retry-after': '2' }),
    });
    rig.api.breakAll();
    await rig.notReady(/configmaps/);
    await wait(6000);
    assert.ok(struck() <= 8, `${struck()} requests in about 8 s, where each was asked to wait for 2 s`);
    rig.heal();
    await rig.verdict();
  });

  fault('a server that sends a few bytes at a time', async () => {
    rig.api.add({ when: of('configmaps', 'watch'), fault: { type: 'body', change: slowly(20_000) } });
    rig.api.breakAll();
    await rig.load.writes(200);
    await rig.verdict();
  });

  fault('half-open connections: silence without an end', async () => {
    const stalled = await rig.counter('watershard_watches_total', /stalled/);
    rig.apiNetwork.blackhole();
    await until(
      'the silence is noticed',
      async () => (await rig.counter('watershard_watches_total', /stalled/)) > stalled,
    );
    await rig.load.writes(100);
    await rig.verdict();
  });

  fault('the API server restarts', async () => {
    await rig.rig.kube.restartApi('SIGKILL');
    await rig.load.writes(100);
    // Its watch cache is new, so a position may be too old for it.
    await rig.verdict({ relisted: ['*'] });
  });

  fault('410, and then the list fails five times, by 500, reset and timeout', async () => {
    // Begun anew: what failed in the scenarios before would make its delays longer.
    await rig.program.stop();
    await rig.run();
    rig.api.add({ when: of('secrets', 'watch'), times: 1, fault: GONE });
    const failures = [status(500, 'InternalError'), RESET, TIMEOUT, status(500, 'InternalError'), RESET];
    const struck = failures.map((failure) => rig.api.add({ when: of('secrets', 'list'), times: 1, fault: failure }));
    rig.api.breakAll();
    await rig.notReady(/secrets: (backing-off|streaming-list|list-page), listing secrets/);
    await rig.program.ready(120);
    assert.deepEqual(
      struck.map((s) => s()),
      [1, 1, 1, 1, 1],
    );
    await rig.verdict({ relisted: ['secrets'] });
  });
});
