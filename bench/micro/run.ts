import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { provenance } from '../pipeline/machine.ts';
import { type MicroReport, rounded } from '../pipeline/result.ts';
import { byteCut } from './byte-cut.ts';
import { decode } from './decode.ts';
import { diffs } from './diff.ts';
import { encoders } from './encode.ts';
import { extract } from './extract.ts';
import { fingerprint } from './fingerprint.ts';
import { framing } from './framing.ts';
import { type Micro, type MicroResult, measure } from './measure.ts';
import { parquet } from './parquet.ts';
import { stateCommits } from './state-commit.ts';
import { threadHop } from './thread-hop.ts';
import { transforms } from './transform.ts';

/*
 * What single steps cost, beside the least that they could.
 *
 *     node bench/micro/run.ts [PART OF A NAME…] [--dry]
 */

const ALL: readonly (() => Micro | Micro[] | Promise<Micro[]>)[] = [
  framing,
  byteCut,
  decode,
  extract,
  fingerprint,
  diffs,
  encoders,
  transforms,
  parquet,
  stateCommits,
  threadHop,
];

const { values, positionals } = parseArgs({ allowPositionals: true, options: { dry: { type: 'boolean' } } });
const from = provenance();
const results: MicroResult[] = [];
for (const make of ALL) {
  for (const micro of [await make()].flat()) {
    if (positionals.length > 0 && !positionals.some((p) => micro.name.includes(p))) {
      await micro.close?.();
      continue;
    }
    const result = await measure(micro);
    const { micros, floorMicros, ratio } = result;
    console.log(
      `${micro.name.padEnd(36)} ${micros.toFixed(2).padStart(8)} us  ${floorMicros.toFixed(2).padStart(8)} us ${result.floor}  ${ratio.toFixed(2)} x`,
    );
    results.push(result);
  }
}
const report: MicroReport = {
  scenario: 'micro',
  ...from,
  medians: Object.fromEntries(
    results.flatMap((r) => [
      [`${r.name}: micros`, r.micros],
      [`${r.name}: ratio`, r.ratio],
    ]),
  ),
  results,
};
if (values.dry !== true && positionals.length === 0)
  writeFileSync(new URL('../results/micro.json', import.meta.url), `${JSON.stringify(report, rounded, 2)}\n`);
process.exit(0); // a thread of a measurement that failed must not keep it
