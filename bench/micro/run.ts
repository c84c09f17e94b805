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
import { jetstreamMux } from './jetstream-mux.ts';
import { type Micro, type MicroResult, measure } from './measure.ts';
import { parquet } from './parquet.ts';
import { stateCommits } from './state-commit.ts';
import { threadHop } from './thread-hop.ts';
import { transforms } from './transform.ts';

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
  jetstreamMux,
  stateCommits,
  threadHop,
];

const USAGE = `What single steps cost, beside the least that they could.

  node bench/micro/run.ts [PART OF A NAME…] [--dry]

Without a name all of them are measured, and bench/results/micro.json is written; --dry writes nothing.
`;

/** Ends the process where there is nothing to measure. */
function readArguments(): { readonly dry: boolean; readonly names: readonly string[] } {
  try {
    const options = { dry: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = parseArgs({ allowPositionals: true, options });
    if (values.help !== true) return { dry: values.dry === true, names: positionals };
    process.stdout.write(USAGE);
    process.exit(0);
  } catch (error) {
    console.error(`micro: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}

const { dry, names } = readArguments();
const from = provenance();
const results: MicroResult[] = [];
for (const make of ALL) {
  for (const micro of [await make()].flat()) {
    if (names.length > 0 && !names.some((part) => micro.name.includes(part))) {
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
if (!dry && names.length === 0)
  writeFileSync(new URL('../results/micro.json', import.meta.url), `${JSON.stringify(report, rounded, 2)}\n`);
if (results.length === 0) console.error(`micro: no step has a name with ${names.join(' or ')}`);
process.exit(results.length === 0 ? 2 : 0); // a thread of a measurement that failed must not keep it
