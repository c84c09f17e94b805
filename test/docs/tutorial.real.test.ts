import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DuckDb } from '../support/duckdb.ts';
import { freePort } from '../support/servers/process.ts';
import { blocksOf, shows } from './blocks.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MARK = '@@end of block@@';

/** One bash, as a reader has it, whose blocks are run one after the other. */
class Shell {
  readonly #bash = spawn('bash', ['--norc', '--noprofile'], { cwd: ROOT, detached: true });
  #output = '';

  constructor() {
    for (const stream of [this.#bash.stdout, this.#bash.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
  }

  async run(block: string, seconds = 120): Promise<string> {
    this.#output = '';
    this.#bash.stdin.write(`${block}\necho; echo "${MARK}"\n`);
    for (
      const end = Date.now() + seconds * 1000;
      !this.#output.includes(MARK);
      await new Promise((r) => setTimeout(r, 20))
    )
      if (Date.now() > end || this.#bash.exitCode !== null)
        throw new Error(`this does not end:\n${block}\n${this.#output}`);
    return this.#output.slice(0, this.#output.indexOf(MARK)).trimEnd();
  }

  /** It and what it has started are one process group. */
  stop(): void {
    if (this.#bash.pid === undefined) return;
    try {
      process.kill(-this.#bash.pid, 'SIGKILL');
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== 'ESRCH') throw e;
    }
  }
}

const shell = new Shell();
after(() => shell.stop());
process.once('exit', () => shell.stop());

test('the tutorial says what happens', async () => {
  const port = await freePort();
  const blocks = blocksOf('docs/tutorial.md').map((b) => ({ ...b, text: b.text.replaceAll('8081', String(port)) }));
  assert.ok(blocks.filter((b) => b.language === 'sh').length >= 8);
  let ran = 0;
  for (const [i, { language, text, line }] of blocks.entries()) {
    if (language === 'text') continue;
    const shown = blocks[i + 1]?.language === 'text' ? blocks[i + 1]?.text : undefined;
    let output: string;
    if (language === 'sh') output = await shell.run(text);
    else if (language === 'sql') output = await table(text);
    else {
      output = await shell.run(
        `cat > next.yaml <<'YAML'\n${text}YAML\nwatershard validate --config next.yaml > /dev/null`,
      );
      assert.equal(output, '', `line ${line}`);
    }
    if (shown !== undefined) assert.ok(shows(shown, output), `docs/tutorial.md, line ${line}: this came\n${output}\n`);
    ran++;
  }
  assert.ok(ran >= 12);
});

/** What DuckDB answers in the shell's folder, as its own command line draws it. */
async function table(sql: string): Promise<string> {
  const folder = await shell.run('pwd');
  const db = await DuckDb.open();
  const rows = (await db.query(sql.replaceAll("'lake/", `'${folder}/lake/`))) as Record<string, unknown>[];
  db.close();
  const names = Object.keys(rows[0] ?? {});
  const cells = [names, ...rows.map((row) => names.map((name) => String(row[name] ?? 'NULL')))];
  const isNumber = names.map((name) => rows.every((row) => /^-?\d/.test(String(row[name]))));
  const widths = names.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const rule = (left: string, middle: string, right: string): string =>
    left + widths.map((w) => '─'.repeat(w + 2)).join(middle) + right;
  const drawn = cells.map((row, y) => {
    const padded = row.map((cell, x) => (isNumber[x] && y > 0 ? cell.padStart(widths[x]!) : cell.padEnd(widths[x]!)));
    return `│ ${padded.join(' │ ')} │`;
  });
  return [rule('┌', '┬', '┐'), drawn[0], rule('├', '┼', '┤'), ...drawn.slice(1), rule('└', '┴', '┘')].join('\n');
}
