import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkLiving, checkStream, checkWrites } from '../support/checker.ts';
import { Rig } from '../support/rig.ts';
import { ADMIN_TOKEN } from '../support/servers/pki.ts';
import { until } from '../support/until.ts';
import { Watershard } from '../support/watershard.ts';
import { KINDS, Workload } from '../support/workload.ts';

const NAMESPACES = ['alpha'];
const SMALL = KINDS.filter((k) => ['configmaps', 'services'].includes(k.name));
const LABEL_RULE = { resources: ['configmaps'], extract: { tier: "object.metadata.labels['example.com/tier']" } };
/** Longer than the lease, and than the waiting instance waits between two tries. */
const SLOW_SECONDS = 15;

describe('the configuration changes, and another instance waits for the state in Redis', () => {
  let rig: Rig;
  let workload: Workload;
  const second = new Watershard();
  before(async () => {
    rig = await Rig.start();
    workload = new Workload(rig.kube, 5, NAMESPACES, SMALL);
    await workload.prepare();
    await workload.create(100);
    await rig.program.start(config());
    await rig.program.ready(90);
    await second.start(config());
    await until('the other waits', () => waits());
  });
  after(async () => {
    await second.kill();
    await rig.stop();
  });

  const config = (changes: Record<string, unknown> = {}): Record<string, unknown> =>
    rig.config({
      watch: { resources: ['configmaps', 'services'], namespaces: { exclude: ['kube-system'] } },
      state: { url: rig.redis.url, lease: { ttl: '5s' } },
      exporters: [{ name: 'bus', type: 'jetstream', servers: [rig.nats.url], stream: 'K8S' }],
      rules: [],
      ...changes,
    });

  async function waits(): Promise<boolean> {
    const { reasons } = await second.status();
    if (!reasons.join().includes(`/${rig.program.pid}/`)) throw new Error(reasons.join('\n'));
    return true;
  }

  const applied = (count: number): Promise<boolean> =>
    until(
      `${count} changes are applied`,
      async () => (await rig.program.metrics()).includes(`watershard_config_reloads_total{result="applied"} ${count}`),
      90,
    );

  test('the lease is kept over changes, also where one takes longer than the lease; nothing is missing, nothing twice', async () => {
    let busy = true;
    const load = (async () => {
      while (busy) await workload.churn(30);
    })();
    try {
      rig.program.configure(config({ rules: [LABEL_RULE] }));
      await applied(1);

      // The credentials take their time, and the new run has not even asked who the cluster is.
      const plugin = join(rig.kube.folder, 'slow-plugin');
      const answer = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential' };
      const credential = JSON.stringify({ ...answer, status: { token: ADMIN_TOKEN } });
      writeFileSync(plugin, `#!/bin/sh\nsleep ${SLOW_SECONDS}\necho '${credential}'\n`);
      chmodSync(plugin, 0o755);
      const kubeconfig = join(rig.kube.folder, 'slow.kubeconfig');
      const exec = `{apiVersion: client.authentication.k8s.io/v1, command: ${plugin}, interactiveMode: Never}`;
      writeFileSync(kubeconfig, rig.kube.kubeconfigText(`{exec: ${exec}}`));
      rig.program.configure(config({ rules: [LABEL_RULE], kubeconfig }));
      await applied(2);
      await rig.program.ready();
      await waits();
    } finally {
      busy = false;
    }
    await load;
    await rig.settled();
    assert.doesNotMatch(second.log, /"msg":"started"/, 'the other has never run');
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, workload.writes, 'JetStream');
    assert.doesNotMatch(await rig.program.metrics(), /^watershard_exporter_duplicates_total\{.*\} [^0]/m);
  });

  test('the lease is given back at the end: the other takes over and repeats nothing', async () => {
    assert.equal(await rig.program.stop(), 0);
    await second.ready(30);
    await workload.churn(30);
    await second.settled();
    const records = await rig.records();
    checkStream(records);
    checkWrites(records, workload.writes, 'JetStream');
    checkLiving(records, workload, NAMESPACES);
    assert.doesNotMatch(await second.metrics(), /^watershard_exporter_duplicates_total\{.*\} [^0]/m);
    assert.equal(await second.stop(), 0);
  });
});
