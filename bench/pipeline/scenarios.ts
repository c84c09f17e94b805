import { churn } from './churn.ts';
import { EVENT_FIELDS, FIELDS, FIELDS_AND_PATCH, PATCH } from './field-rules.ts';
import { latency } from './latency.ts';
import type { Scenario } from './scenario.ts';
import type { Settings } from './settings.ts';
import { firstSync, restart, snapshot } from './sync.ts';

const JETSTREAM = { jetstream: true, parquet: false };
const PARQUET = { jetstream: false, parquet: true };
const BOTH = { jetstream: true, parquet: true };

const gadgets = (count: number): Settings['resources'] =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`gadgets${String(i + 1).padStart(3, '0')}.gadgets.example.com`, 1]),
  );

/** Shares as in a cluster with many controllers; heartbeats and touches are what a rule can ignore. */
const MIXED = {
  resources: {
    pods: 50,
    configmaps: 10,
    secrets: 6,
    events: 14,
    services: 4,
    'deployments.apps': 6,
    'replicasets.apps': 6,
    'widgets.example.com': 3,
  },
  turnover: 0.05,
  heartbeats: 0.1,
  touches: 0.1,
};
const IGNORE_HEARTBEATS = [{ resources: ['*'], ignore: ["metadata.annotations['example.com/heartbeat']"] }];

const workers = (count: number): Scenario => ({
  about: `updates of pods to JetStream with ${count} worker${count === 1 ? '' : 's'}, split over them by object`,
  settings: { objects: 20_000, changes: 100_000, workers: count },
  run: (s) => churn(s, { ...JETSTREAM, rules: [{ resources: ['pods'], split: s.workers }] }),
});

const scale = (objects: number): Scenario => ({
  about: `updates of pods to JetStream with ${objects.toLocaleString('en')} pods known`,
  settings: { objects, changes: 100_000 },
  run: (s) => churn(s, JETSTREAM),
});

/** What is delivered last is kept for each object. */
const withPatch = (objects: number): Scenario => ({
  about: `updates of pods to JetStream with a merge patch, ${objects.toLocaleString('en')} pods known`,
  settings: { objects, changes: 100_000 },
  run: (s) => churn(s, { ...JETSTREAM, ...PATCH }),
});

const paced = (rate: number): Scenario => ({
  about: `write to acknowledgement by JetStream, at ${rate.toLocaleString('en')} changes/s`,
  settings: { objects: 10_000, rate, changes: Math.min(50_000, Math.max(2000, rate * 20)) },
  run: latency,
});

/** By the name that `npm run bench` takes. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'churn-jetstream': {
    about: 'updates of pods to JetStream, acknowledged; no rule that reads values',
    settings: { objects: 20_000, changes: 200_000 },
    run: (s) => churn(s, JETSTREAM),
  },
  'churn-jetstream-rules': {
    about: 'the same with two CEL fields and a merge patch',
    settings: { objects: 20_000, changes: 100_000 },
    run: (s) => churn(s, { ...JETSTREAM, ...FIELDS_AND_PATCH }),
  },
  'churn-parquet': {
    about: 'updates of pods to Parquet on S3, with objects',
    settings: { objects: 20_000, changes: 100_000 },
    run: (s) => churn(s, PARQUET),
  },
  'churn-both': {
    about: 'updates of pods to JetStream and to Parquet on S3',
    settings: { objects: 20_000, changes: 100_000 },
    run: (s) => churn(s, BOTH),
  },
  'churn-redis': {
    about: 'updates of pods to JetStream, with the state in Redis',
    settings: { objects: 20_000, changes: 100_000, state: 'redis' },
    run: (s) => churn(s, JETSTREAM),
  },
  'churn-mixed': {
    about:
      'changes of eight resources as in a real cluster to JetStream, with creates, deletes, heartbeats and touches',
    settings: { objects: 20_000, changes: 100_000, ...MIXED },
    run: (s) => churn(s, { ...JETSTREAM, rules: IGNORE_HEARTBEATS, ignoresHeartbeats: true }),
  },
  'events-parquet': {
    about: 'Kubernetes Events to Parquet on S3, eight fields, with creates and deletes',
    settings: { objects: 20_000, changes: 200_000, resources: { events: 1 }, turnover: 0.3 },
    run: (s) => churn(s, { ...PARQUET, ...EVENT_FIELDS }),
  },
  'first-sync-jetstream': {
    about: 'the first list of pods to JetStream',
    settings: { objects: 100_000 },
    run: (s) => firstSync(s, JETSTREAM),
  },
  'snapshot-parquet': {
    about: 'watershard snapshot of pods to Parquet on S3, two fields',
    settings: { objects: 100_000 },
    run: (s) => snapshot(s, { ...PARQUET, ...FIELDS }),
  },
  'snapshot-parquet-objects': {
    about: 'the same with the objects',
    settings: { objects: 100_000 },
    run: (s) => snapshot(s, { ...PARQUET, ...FIELDS, lake: { inventoryObjects: true } }),
  },
  'restart-position': {
    about: 'a start on a complete state, nothing changed: goes on where it was',
    settings: { objects: 100_000 },
    run: (s) => restart(s, { ...JETSTREAM, relist: false }),
  },
  'restart-relist': {
    about: 'the same with a list that is compared with what is known',
    settings: { objects: 100_000 },
    run: (s) => restart(s, { ...JETSTREAM, relist: true }),
  },
  'restart-redis': {
    about: 'a start on a complete state in Redis, nothing changed: goes on where it was',
    settings: { objects: 100_000, state: 'redis' },
    run: (s) => restart(s, { ...JETSTREAM, relist: false }),
  },
  'latency-100': paced(100),
  'latency-1000': paced(1000),
  'latency-5000': paced(5000),
  'workers-1': workers(1),
  'workers-2': workers(2),
  'workers-4': workers(4),
  'gvk-1': {
    about: 'updates of one custom resource to JetStream',
    settings: { objects: 20_000, changes: 100_000, resources: gadgets(1) },
    run: (s) => churn(s, JETSTREAM),
  },
  'gvk-200': {
    about: 'the same objects spread over 200 custom resources',
    settings: { objects: 20_000, changes: 100_000, resources: gadgets(200) },
    run: (s) => churn(s, JETSTREAM),
  },
  'scale-10k': scale(10_000),
  'scale-100k': scale(100_000),
  'scale-300k': scale(300_000),
  'scale-1m': scale(1_000_000),
  'diff-10k': withPatch(10_000),
  'diff-100k': withPatch(100_000),
};

/** Without a name: what the goals are measured by, in about twenty minutes of two quiet cores. */
export const DEFAULT_SET: readonly string[] = [
  'churn-jetstream',
  'churn-jetstream-rules',
  'churn-parquet',
  'events-parquet',
  'first-sync-jetstream',
  'snapshot-parquet',
  'snapshot-parquet-objects',
  'restart-position',
  'restart-relist',
  'latency-1000',
  'scale-10k',
  'scale-1m',
  'diff-10k',
  'diff-100k',
];
