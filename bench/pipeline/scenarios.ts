import { churn } from './churn.ts';
import type { Scenario } from './scenario.ts';

/** By the name that `npm run bench` takes. */
export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'churn-jetstream': {
    about: 'updates of pods to JetStream, acknowledged; no rule that reads values',
    settings: { objects: 20_000, changes: 200_000 },
    run: (s) => churn(s, { jetstream: true, parquet: false }),
  },
  'churn-parquet': {
    about: 'updates of pods to Parquet on S3, with objects',
    settings: { objects: 20_000, changes: 100_000 },
    run: (s) => churn(s, { jetstream: false, parquet: true }),
  },
};
