import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { exporterContract } from '../support/exporter-contract.ts';
import { temporaryFolder } from '../support/servers/process.ts';

const folder = temporaryFolder('file-exporter');
const path = join(folder, 'deep', 'down', 'changes.ndjson');

/** A limit on the size of files is a full disk that a test can have: a write that crosses it is cut short, the next one fails. */
function limitFileSize(limit: string): void {
  execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${limit}:unlimited`]);
}
process.on('SIGXFSZ', () => undefined); // which would end the process otherwise

exporterContract('file', {
  up: async () => undefined,
  down: async () => limitFileSize('unlimited'),
  reset: async () => rmSync(join(folder, 'deep'), { recursive: true, force: true }),
  create: async (context) =>
    await EXPORTERS.file.create(EXPORTERS.file.config.parse({ name: 'sink', type: 'file', path }), context),
  readBack: async () => {
    const text = readFileSync(path, 'utf8');
    const lines = text.split('\n');
    if (lines.pop() !== '') throw new Error('the last line is not finished');
    return lines.map((line) => ({
      ...(JSON.parse(line) as { id: string; key: string; operation: string }),
      payload: Buffer.from(line),
    }));
  },
  breakSink: async () => {
    mkdirSync(join(folder, 'deep'), { recursive: true });
    limitFileSize(String(existsSync(path) ? statSync(path).size + 37 : 0));
  },
  mendSink: async () => limitFileSize('unlimited'),
});
