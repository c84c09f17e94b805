import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { FileSink, StdoutSink } from '../../src/exporters/file/client.ts';
import { FileExporter } from '../../src/exporters/file/exporter.ts';
import { nextLines, openBatch } from '../../src/exporters/file/request.ts';
import { EXPORTERS } from '../../src/exporters/registry.ts';
import { makeBatch } from '../support/batches.ts';
import { ExporterProbe, recordRun } from '../support/exporter-probe.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';

const folder = temporaryFolder('file');
const record = (name: string, text: string): { name: string; version: number; payload: Buffer } => ({
  name,
  version: 1,
  payload: Buffer.from(text),
});

test('lines are whole records, up to about the limit, one at least', () => {
  const queue = [
    openBatch(makeBatch({ sequence: 1, records: [record('a', '{"n":1}'), record('b', '{"n":2}')] })),
    openBatch(makeBatch({ sequence: 2, records: [] })),
    openBatch(makeBatch({ sequence: 3, records: [record('c', '{"n":3}')] })),
  ];
  const all = nextLines(queue, 1000);
  assert.deepEqual(
    [Buffer.from(all.bytes).toString(), all.records, all.ends],
    ['{"n":1}\n{"n":2}\n{"n":3}\n', 3, [2, 0, 1]],
  );
  const one = nextLines(queue, 1);
  assert.deepEqual([Buffer.from(one.bytes).toString(), one.ends], ['{"n":1}\n', [1]]);
});

test('a line break between JSON tokens does not end the line', () => {
  const { bytes } = nextLines([openBatch(makeBatch({ sequence: 1, records: [record('a', '{\n "n": 1\n}')] }))], 1000);
  assert.equal(Buffer.from(bytes).toString(), '{  "n": 1 }\n');
});

test('an unfinished last line of a crash is cut off, and lines are added behind the others', async () => {
  const path = join(folder, 'torn.ndjson');
  writeFileSync(path, `{"n":1}\n{"n":2,"pad":"${'x'.repeat(200_000)}`);
  const cut: number[] = [];
  const sink = new FileSink(path, (bytes) => cut.push(bytes));
  await sink.open();
  await sink.append(Buffer.from('{"n":3}\n'));
  await sink.close();
  assert.equal(readFileSync(path, 'utf8'), '{"n":1}\n{"n":3}\n');
  assert.deepEqual(cut, [200_014]);
});

test('a file of something else is left alone', async () => {
  const path = join(folder, 'notes.txt');
  writeFileSync(path, 'dear diary');
  await assert.rejects(new FileSink(path, () => undefined).open(), {
    code: 'EXPORTER_MISCONFIGURED',
    message: /something else/,
  });
  assert.equal(readFileSync(path, 'utf8'), 'dear diary');
  mkdirSync(join(folder, 'is-a-folder'));
  await assert.rejects(new FileSink(join(folder, 'is-a-folder'), () => undefined).open(), {
    code: 'EXPORTER_MISCONFIGURED',
  });
  appendFileSync(join(folder, 'plain'), '');
  await assert.rejects(new FileSink(join(folder, 'plain', 'below'), () => undefined).open(), {
    code: 'EXPORTER_MISCONFIGURED',
  });
});

test('a full device is told and waited for', async () => {
  const probe = probeOf({ path: '/dev/full' });
  await probe.start();
  probe.write(makeBatch({ sequence: 1, records: recordRun(3, 3) }));
  await until('health tells it', () => /EXPORTER_FULL/.test(probe.exporter.health().detail ?? ''));
  assert.equal(probe.lastAck(), 0);
  await probe.exporter.close();
});

test('on the standard output no more than one chunk waits for a slow reader', async () => {
  const chunks: { bytes: number; taken: () => void }[] = [];
  const output = new Writable({ write: (chunk: Buffer, _, taken) => void chunks.push({ bytes: chunk.length, taken }) });
  const probe = probeOf({ path: '-' }, output);
  await probe.start();
  assert.equal(probe.exporter.capabilities.acknowledges, false);
  for (let i = 1; i <= 3; i++)
    probe.write(
      makeBatch({ sequence: i, records: [{ name: 'a', version: i, payload: Buffer.alloc(5 * 2 ** 20, 'x') }] }),
    );
  await until('the first chunk is written', () => chunks.length === 1);
  await new Promise((r) => setImmediate(r));
  assert.deepEqual([chunks.length, output.writableLength, probe.lastAck()], [1, 5 * 2 ** 20 + 1, 0]);
  chunks[0]?.taken();
  await until('the second chunk is written', () => chunks.length === 2);
  assert.equal(probe.lastAck(), 1);
  chunks[1]?.taken();
  await until('the third chunk is written', () => chunks.length === 3);
  chunks[2]?.taken();
  await probe.exporter.drain(AbortSignal.timeout(5000));
  assert.equal(probe.lastAck(), 3);
  await probe.exporter.close();
});

test('a reader of the standard output that has gone is told; nothing more is acknowledged, and nothing hangs', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'stdout-exporter.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = await once(child, 'close');
  assert.equal(code, 0, told);
  const { health, lastAck, written } = JSON.parse(told);
  assert.match(health.detail, /its reader has gone.*EXPORTER_UNREACHABLE/);
  assert.ok(lastAck < written);
});

function probeOf(settings: { path: string }, output?: Writable): ExporterProbe {
  const config = EXPORTERS.file.config.parse({ name: 'sink', type: 'file', ...settings });
  const { capabilities } = EXPORTERS.file;
  const sink = output === undefined ? undefined : new StdoutSink(output);
  return new ExporterProbe({ create: async (context) => new FileExporter(config, context, capabilities, sink) });
}
