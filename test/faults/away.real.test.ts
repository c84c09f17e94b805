import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { FaultRig } from './fault-rig.ts';

const AWAY_S = 60;
const SPACES = Array.from({ length: 48 }, (_, i) => `space-${i}`);

/** Four resources in each of fifty namespaces: two hundred streams, which lose their server in the same moment. */
describe(`the API server is away for ${AWAY_S} s, with 200 streams`, () => {
  let rig: FaultRig;
  before(async () => {
    const resources = ['configmaps', 'pods', 'secrets', 'widgets.example.com'];
    const watch = { resources, namespaces: { include: ['alpha', 'beta', ...SPACES] } };
    rig = await FaultRig.start({ seed: 9, settings: { watch } });
    await rig.begin(100);
  });
  after(() => rig.stop());

  test('it is asked a bounded number of times, not all at once, and nothing is listed again', async () => {
    assert.equal((await rig.program.status()).streams.length, 200);
    const lists = await rig.counter('watershard_lists_total');
    const before = rig.api.requests.length;
    rig.apiNetwork.reset(true);
    const away = Date.now();
    await wait(5000);
    await rig.notReady(/alpha|beta|space/);
    await wait(AWAY_S * 1000 - (Date.now() - away));
    const refused = rig.apiNetwork.connections;
    const back = Date.now();
    rig.apiNetwork.heal();
    await rig.program.ready(120);
    const records = await rig.verdict();
    assert.ok(records.length > 100);

    // Each stream tries with delays of 0.8 s doubled up to 30 s, so about eight times a minute.
    assert.ok(refused < 200 * 12, `${refused} connections were tried in a minute`);
    const requests = rig.api.requests.slice(before).filter((r) => r.url.includes('watch=true') && r.at >= back);
    const perSecond = new Map<number, number>();
    for (const { at } of requests) {
      const second = Math.floor((at - back) / 1000);
      perSecond.set(second, (perSecond.get(second) ?? 0) + 1);
    }
    assert.ok(Math.max(...perSecond.values()) < 100, `watches a second after the return: ${[...perSecond.values()]}`);
    assert.equal(await rig.counter('watershard_lists_total'), lists, 'the positions were still valid');
  });
});
