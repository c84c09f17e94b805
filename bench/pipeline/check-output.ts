import type { Derived } from './check-derived.ts';
import { checkContent, checkIds, storedMessages } from './check-jetstream.ts';
import { checkRowContent, checkRows } from './check-parquet.ts';
import type { Expected, Replica } from './replica.ts';
import { LAKE, STREAM, type Stage } from './stage.ts';

/** Objects whose content is compared, at most. */
const COMPARED = 20_000;
/** In Parquet they are looked for by id. */
const COMPARED_ROWS = 2000;

/** Compares what the sinks hold with what they must, after the program has ended. @returns what is wrong, in words */
export async function checkOutput(
  stage: Stage,
  replica: Replica,
  expected: readonly Expected[],
  derived: Derived = {},
  table: 'changes' | 'inventory' = 'changes',
): Promise<string[]> {
  const problems: string[] = [];
  const every = (most: number): number => Math.max(1, Math.ceil(stage.settings.objects / most));
  if (stage.nats !== undefined) {
    problems.push(...(await checkIds(expected, storedMessages(stage.nats.url, STREAM))));
    problems.push(...(await checkContent(stage.nats.url, STREAM, replica.objects(every(COMPARED)), derived)));
  }
  if (stage.s3 !== undefined) {
    const db = await stage.database();
    problems.push(...(await checkRows(db, LAKE, table, expected)));
    problems.push(...(await checkRowContent(db, LAKE, table, replica.objects(every(COMPARED_ROWS)), derived)));
  }
  return problems;
}
