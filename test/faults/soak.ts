// `npm run test:soak -- --minutes M --seed S`: random faults for as long as asked, judged every few minutes; one JSON line a
// round, and a summary. The process's exit code is 1 where a round has shown a fault; its seed is printed.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chaos } from './chaos.ts';
import { FaultRig } from './fault-rig.ts';

const ROUND_SECONDS = 150;
/** Each verdict reads everything again: a rate that leaves an hour's records readable. */
const WRITES_A_SECOND = 40;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    output: { type: 'string' },
  },
});
const minutes = Number(values.minutes);
const seed = Number(values.seed);

function rss(pid: number): number {
  const resident = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(resident) / 1024);
}

const rig = await FaultRig.start({ seed });
rig.load.rate = WRITES_A_SECOND;
await rig.begin();
const began = performance.now();
const rounds: Record<string, unknown>[] = [];
let failed = 0;
for (let round = 0; performance.now() - began < minutes * 60_000; round++) {
  const roundSeed = seed * 1000 + round;
  rig.load.start();
  const { allowance, happened } = await chaos(rig, roundSeed, ROUND_SECONDS);
  const kinds = Object.fromEntries([...Map.groupBy(happened, (name) => name)].map(([name, all]) => [name, all.length]));
  let fault: string | undefined;
  let records = 0;
  try {
    records = (await rig.verdict(allowance)).length;
  } catch (e) {
    failed++;
    fault = String((e as Error).message);
  }
  const line = {
    round,
    seed: roundSeed,
    minutes: Math.round((performance.now() - began) / 6000) / 10,
    faults: happened.length,
    records,
    writes: rig.load.done,
    rssMiB: rig.program.alive ? rss(rig.program.pid) : 0,
    peakMiB: rig.program.alive ? rig.memoryPeak() : 0,
    ...(fault === undefined ? {} : { fault: fault.slice(0, 2000) }),
  };
  console.log(JSON.stringify(line));
  rounds.push({ ...line, kinds });
}
const summary = { seed, minutes, writesASecond: WRITES_A_SECOND, node: process.version, rounds: rounds.length, failed };
console.log(JSON.stringify(summary));
if (values.output !== undefined)
  writeFileSync(values.output, `${JSON.stringify({ ...summary, result: rounds }, null, 1)}\n`);
await rig.stop();
process.exit(failed > 0 ? 1 : 0);
