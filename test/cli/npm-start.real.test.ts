import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DuckDb } from '../support/duckdb.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The first block of SQL in the README, on another folder. */
function readmeQuery(folder: string): string {
  const sql = /```sql\n([\s\S]*?)```/.exec(readFileSync(join(ROOT, 'README.md'), 'utf8'))?.[1];
  assert.match(sql ?? '', /watershard-data\/demo\/lake/);
  return (sql ?? '').replaceAll('watershard-data/demo', folder);
}

test("npm start shows live numbers, and leaves Parquet files that the README's query reads", async () => {
  const folder = temporaryFolder('start');
  const args = ['start', '--silent', '--', '--dir', folder, '--listen', '127.0.0.1:0', '--seconds', '20'];
  const child = spawn('npm', args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const url = await until('it says where the live page is', () => {
    if (child.exitCode !== null) throw new Error(output);
    return /^Live page: +(\S+)$/m.exec(output)?.[1] ?? false;
  });

  const page = await fetch(url);
  assert.match(await page.text(), /<title>Watershard/);
  const totals = async (): Promise<number> => {
    const status = (await (await fetch(new URL('status', url))).json()) as { totals: { records: number } };
    return status.totals.records;
  };
  const first = await until('records are made', async () => (await totals()) || false);
  await until('the numbers move', async () => (await totals()) > first);

  assert.equal(await exited, 0, output);
  const db = await DuckDb.open();
  const rows = await db.query(readmeQuery(folder));
  db.close();
  const of = (resource: string, operation: string): number =>
    Number(rows.find((r) => r.resource === resource && r.operation === operation)?.records ?? 0);
  assert.ok(of('pods', 'SNAPSHOT') > 100, JSON.stringify(rows));
  assert.ok(of('pods', 'UPDATED') > 10, JSON.stringify(rows));
  assert.ok(of('deployments.apps', 'SNAPSHOT') > 10, JSON.stringify(rows));
});
