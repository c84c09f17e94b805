import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { parseConfig } from '../../src/config/load.ts';
import { CHART, EVERYTHING, Helm, type Manifest, only, values } from '../support/helm.ts';

const helm = new Helm();
const WORKLOADS = ['StatefulSet', 'Deployment', 'CronJob'];
const podOf = (m: Manifest) => (m.kind === 'CronJob' ? m.spec.jobTemplate : m).spec.template;
const load = (text: string) => parseConfig(text, 'values');
const refused = (given: object): string => {
  const { code, output, errors } = helm.try(['template', 'w', CHART], given);
  assert.notEqual(code, 0, output.slice(0, 2000));
  return errors;
};
const redis = { state: { url: 'redis://redis:6379/0' } };

describe('chart', () => {
  test('lint finds nothing, for each file of values in ci/', () => {
    const files = readdirSync(join(CHART, 'ci'));
    assert.ok(files.length >= 3);
    for (const file of files) helm.run(['lint', '--strict', CHART, '--values', join(CHART, 'ci', file)]);
    helm.run(['lint', '--strict', CHART], EVERYTHING);
  });

  test('the configuration that it writes is one that the program takes', () => {
    for (const manifest of helm.template(EVERYTHING).filter((m) => m.data?.['watershard.yaml'] !== undefined)) {
      const config = load(manifest.data['watershard.yaml']);
      assert.equal(config.dataDir, '/var/lib/watershard');
      assert.deepEqual(config.ops, { listen: '0.0.0.0:8081', profile: false, kollectPaths: 'off' });
    }
  });

  test('numbers stay numbers, however large', () => {
    const given = values({
      flow: { bytesInFlight: 4_000_000_000, bytesPerStream: 2_000_000 },
      watch: { pageSize: 100_000 },
    });
    const config = load(only(helm.template(given), 'ConfigMap').data['watershard.yaml']);
    assert.equal(config.flow.bytesInFlight, 4_000_000_000);
    assert.equal(config.flow.bytesPerStream, 2_000_000);
    assert.equal(config.watch.pageSize, 100_000);
  });

  test('objects have the recommended labels', () => {
    const manifests = helm.template(EVERYTHING);
    assert.ok(manifests.length >= 13);
    for (const { kind, metadata } of manifests) {
      for (const label of ['name', 'instance', 'version', 'part-of', 'managed-by'])
        assert.ok(metadata.labels[`app.kubernetes.io/${label}`], `${kind} has no ${label}`);
      assert.equal(metadata.labels.team, 'platform', kind);
    }
  });

  test('pods are restricted, and take secrets by reference', () => {
    const workloads = helm.template(EVERYTHING).filter((m) => WORKLOADS.includes(m.kind));
    assert.equal(workloads.length, 2);
    for (const workload of workloads) {
      const { spec } = podOf(workload);
      const [container] = spec.containers;
      assert.equal(spec.securityContext.runAsUser, 10001);
      assert.equal(spec.securityContext.runAsNonRoot, true);
      assert.equal(container.securityContext.readOnlyRootFilesystem, true);
      assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] });
      assert.equal(container.env[0].valueFrom.secretKeyRef.key, 'token');
      assert.equal(spec.priorityClassName, 'system-cluster-critical');
      const mounts = container.volumeMounts.map((m: { name: string }) => m.name);
      assert.deepEqual(mounts, ['config', 'data', 'tmp', 'creds', 'more']);
    }
    const { spec } = podOf(only(workloads, 'StatefulSet'));
    const [container] = spec.containers;
    const path = (probe: string) => container[probe].httpGet.path;
    assert.deepEqual(['startupProbe', 'livenessProbe', 'readinessProbe'].map(path), ['/healthz', '/livez', '/readyz']);
    assert.deepEqual(
      spec.topologySpreadConstraints[0].labelSelector.matchLabels,
      only(workloads, 'StatefulSet').spec.selector.matchLabels,
    );
  });

  test('the state is on a volume, or in Redis', () => {
    const embedded = helm.template(values());
    assert.equal(only(embedded, 'StatefulSet').spec.volumeClaimTemplates[0].spec.resources.requests.storage, '10Gi');
    assert.ok(!embedded.some((m) => m.kind === 'Deployment'));

    const claimed = only(helm.template(values({}, { persistence: { existingClaim: 'mine' } })), 'StatefulSet');
    assert.equal(claimed.spec.volumeClaimTemplates, undefined);
    const volumes = claimed.spec.template.spec.volumes as { name: string; persistentVolumeClaim?: object }[];
    assert.deepEqual(volumes.find((v) => v.name === 'data')?.persistentVolumeClaim, { claimName: 'mine' });

    const inRedis = helm.template(values(redis, { persistence: { enabled: false }, replicas: 2 }));
    const deployment = only(inRedis, 'Deployment');
    assert.deepEqual(deployment.spec.strategy, { type: 'Recreate' });
    assert.equal(deployment.spec.replicas, 2);
    assert.ok(!inRedis.some((m) => m.kind === 'StatefulSet'));

    assert.match(refused(values({}, { persistence: { enabled: false } })), /config\.state\.url is not set/);
    assert.match(refused(values({}, { replicas: 2 })), /a state that is in Redis/);
    const disk = { name: 'x', type: 'nats', servers: ['nats://n:4222'], required: false, buffer: { type: 'disk' } };
    assert.match(
      refused(values({ ...redis, exporters: [disk] }, { persistence: { enabled: false } })),
      /x has a buffer on disk, which needs persistence\.enabled/,
    );
  });

  test('shards are pods of a StatefulSet that know their ordinal, and a snapshot is of everything', () => {
    const given = values({ watch: { resources: ['pods'], shard: { key: 'namespace' } } });
    const manifests = helm.template({
      ...given,
      shards: 3,
      snapshot: { enabled: true },
      env: [{ name: 'A', value: 'b' }],
    });
    const { spec } = only(manifests, 'StatefulSet');
    assert.equal(spec.replicas, 3);
    const { env } = spec.template.spec.containers[0];
    assert.deepEqual(
      env.map((e: { name: string }) => e.name),
      ['A', 'POD_INDEX'],
    );
    assert.equal(env[1].valueFrom.fieldRef.fieldPath, "metadata.labels['apps.kubernetes.io/pod-index']");
    const text = only(manifests, 'ConfigMap', 'w-watershard').data['watershard.yaml'];
    const shard = parseConfig(text, 'values', { environment: { POD_INDEX: '2' } }).watch.shard;
    assert.deepEqual(shard, { index: 2, count: 3, key: 'namespace' });
    const job = only(manifests, 'ConfigMap', only(manifests, 'CronJob').metadata.name);
    assert.equal(load(job.data['watershard.yaml']).watch.shard, undefined);
    assert.equal(only(helm.template(values({}, { shards: 3, replicas: 0 })), 'StatefulSet').spec.replicas, 0);

    assert.match(refused(values(redis, { shards: 2, persistence: { enabled: false } })), /ordinals of a StatefulSet/);
    assert.match(refused(values(redis, { shards: 2, replicas: 2 })), /replicas has to be 1/);
    assert.match(refused(values({}, { shards: 2, persistence: { existingClaim: 'x' } })), /cannot share/);
  });

  test('a change of the configuration restarts the pod, unless that is switched off', () => {
    const mark = (given: object): unknown =>
      podOf(only(helm.template(given), 'StatefulSet')).metadata.annotations?.['checksum/config'];
    assert.notEqual(mark(values()), mark(values({ workers: 3 })));
    assert.equal(mark(values()), mark(values()));
    assert.equal(mark(values({}, { restartOnChange: false })), undefined);
  });

  test('a snapshot has the configuration of the run with its own keys, and no state', () => {
    const lake = { name: 'lake', type: 'parquet', url: 's3://b/p', region: 'r' };
    const manifests = helm.template(
      values({}, { snapshot: { enabled: true, schedule: '0 * * * *', config: { exporters: [lake] } } }),
    );
    const job = only(manifests, 'CronJob');
    const config = load(only(manifests, 'ConfigMap', job.metadata.name).data['watershard.yaml']);
    assert.deepEqual(
      config.exporters.map((e) => e.name),
      ['lake'],
    );
    assert.equal(config.cluster.name, 'demo');
    const { spec } = podOf(job);
    assert.deepEqual(spec.containers[0].args, ['snapshot', '--config', '/etc/watershard/watershard.yaml']);
    assert.deepEqual(spec.volumes.find((v: { name: string }) => v.name === 'data').emptyDir, {});
    assert.equal(job.spec.concurrencyPolicy, 'Forbid');
  });

  test('alerts that are not wanted are left out, and the others are as Prometheus tests them', () => {
    const made = only(helm.template(EVERYTHING), 'PrometheusRule').spec.groups;
    const written = parse(readFileSync(join(CHART, 'files/alerts.yaml'), 'utf8')) as {
      groups: { name: string; rules: { alert: string }[] }[];
    };
    const wanted = written.groups.map((g) => ({
      name: g.name,
      rules: g.rules.filter((r) => r.alert !== 'WatershardAbsent'),
    }));
    assert.deepEqual(made, wanted);
  });

  test('values that are wrong are refused with the name of the field', () => {
    const told = (given: object, ...parts: RegExp[]): void => {
      const errors = refused(given);
      for (const part of parts) assert.match(errors, part);
    };
    told({}, /cluster/, /exporters/);
    told(values({ cluster: { name: 'a b' } }), /\/config\/cluster\/name/);
    told(values({ wrokers: 2 }), /\/config/, /wrokers/);
    told(values({ workers: 'two' }), /\/config\/workers/);
    told(values({ dataDir: '/tmp' }), /\/config/, /dataDir/);
    told(values({ ops: { listen: '0.0.0.0:1' } }), /\/config\/ops/, /listen/);
    told(values({ ops: false }), /\/config\/ops/);
    told(values({ watch: { resources: ['po ds'] } }), /\/config\/watch\/resources\/0/);
    told(values({ exporters: [] }), /\/config\/exporters/);
    const exporter = { name: 'bus', type: 'jetstream', servers: ['nats://n:4222'], stream: 'K8S' };
    told(values({ exporters: [{ ...exporter, type: 'jetsream' }] }), /\/config\/exporters\/0\/type/, /jetstream/);
    told(values({ exporters: [{ ...exporter, maxInFlight: true }] }), /\/config\/exporters\/0\/maxInFlight/);
    told(values({ exporters: [{ ...exporter, sbject: 'x' }] }), /\/config\/exporters\/0/, /sbject/);
    told(values({}, { persistance: { enabled: true } }), /persistance/);
    told(values({}, { persistence: { size: 'ten' } }), /\/persistence\/size/);
    told(values({}, { secretFiles: [{ name: 'x' }] }), /\/secretFiles\/0/, /secretName/);
  });

  test('what the program takes is not refused: variables, and every type of sink', () => {
    const exporters = [
      { name: 'a', type: 'jetstream', servers: ['${NATS}'], stream: '${STREAM}', maxInFlight: '${MAX}' },
      { name: 'b', type: 'parquet', url: '${LAKE}', rotate: { rows: '${ROWS:-1000}' } },
      { name: 'c', type: 'file', path: '/dev/stdout' },
      { name: 'd', type: 'http', url: 'https://h/', encoding: '${ENCODING:-json}' },
    ];
    helm.template(
      values({ exporters, workers: '${WORKERS:-2}', state: { url: '${REDIS}' }, log: { level: '${LEVEL}' } }),
    );
  });

  test('names are those of the release, and short enough for what Kubernetes adds', () => {
    const named = (release: string, given = values()) =>
      only(
        helm
          .run(['template', release, CHART], given)
          .split(/^---$/m)
          .map((t) => parse(t) as Manifest)
          .filter(Boolean),
        'StatefulSet',
      ).metadata.name;
    assert.equal(named('watershard'), 'watershard');
    assert.equal(named('prod'), 'prod-watershard');
    assert.equal(named('x'.repeat(53)).length, 52);
    const long = values({}, { snapshot: { enabled: true }, fullnameOverride: 'y'.repeat(60) });
    assert.equal(only(helm.template(long), 'CronJob').metadata.name.length, 52);
  });

  test('who has named no image is told', () => {
    const notes = (more: Record<string, unknown>): string =>
      helm.run(['install', 'w', CHART, '--dry-run=client'], values({}, more));
    assert.match(notes({}), /The image is watershard:0\.1\.0, a name without a registry/);
    assert.doesNotMatch(notes({ image: { repository: 'registry.example.com/watershard' } }), /without a registry/);
  });
});
