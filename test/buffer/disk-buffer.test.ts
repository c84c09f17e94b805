import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FolderStorage } from '../../src/buffer/folder-storage.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { until } from '../support/until.ts';
import { BufferProbe } from './buffer-probe.ts';
import { MemoryStorage, noSpace } from './memory-storage.ts';

const texts = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `b${from + i}`);
const segments = (folder: string): string[] =>
  readdirSync(folder)
    .filter((f) => f.endsWith('.segment'))
    .sort();

describe('a buffer on disk', () => {
  test('hands out what was appended, in order, while the reader is behind and while it keeps up', async () => {
    const folder = temporaryFolder('buffer');
    const probe = await BufferProbe.open(new FolderStorage(folder), {}, 0);
    const all = texts(1, 500);
    for (const text of all.slice(0, 300)) probe.append(text, 1000);
    await until('all is written', () => probe.taken.length === 300);
    assert.deepEqual(probe.taken, all.slice(0, 300));
    assert.ok(segments(folder).length > 3, 'in several segments');
    probe.window = 10;
    probe.read();
    const seen: string[] = [];
    for (const text of all.slice(300)) {
      probe.append(text, 1000);
      seen.push(...probe.given.map((g) => g.text));
      probe.ack(probe.given.length);
      if (Math.random() < 0.2) await new Promise((r) => setImmediate(r));
    }
    seen.push(...(await probe.readAll()));
    assert.deepEqual(seen, all);
    assert.deepEqual(probe.lost, []);
    await probe.buffer.close();
    assert.deepEqual(segments(folder), [], 'nothing is kept of what was delivered');
    assert.equal(statSync(folder).mode & 0o077, 0, 'nobody else can read it');
  });

  test('a read that is under way is not looked at before it is over', async () => {
    const probe = await BufferProbe.open(new MemoryStorage(), { bytes: 2 ** 24, segmentBytes: 2 ** 23 }, 0);
    const all = texts(1, 300);
    for (const text of all) probe.append(text, 10_000);
    await until('all is written', () => probe.taken.length === 300);
    probe.window = 10;
    const seen: string[] = [];
    await until('all is read', async () => {
      probe.read();
      seen.push(...probe.given.map((g) => g.text));
      probe.ack(probe.given.length);
      for (let i = 0; i < 5; i++) probe.read();
      return seen.length + probe.lostRecords === 300;
    });
    assert.deepEqual(probe.lost, []);
    assert.equal(probe.damaged, 0);
    assert.deepEqual(seen, all);
    await probe.buffer.close();
  });

  test('what is acknowledged at once is not written', async () => {
    const storage = new MemoryStorage();
    const probe = await BufferProbe.open(storage);
    probe.append('one', 1000);
    probe.ack();
    await until('it is taken', () => probe.taken.length === 1);
    await probe.buffer.close();
    assert.equal(storage.bytes, 0);
    assert.equal(storage.peak, 0);
  });

  test('a crash: what was taken and not acknowledged is handed out again, in order, before what comes then', async () => {
    let storage = new MemoryStorage();
    let probe = await BufferProbe.open(storage, {}, 5);
    for (const text of texts(1, 200)) probe.append(text, 1000);
    await until('all is written', () => probe.taken.length === 200);
    for (let i = 0; i < 20; i++) probe.ack();
    await until('20 are acknowledged', () => {
      if (probe.buffer.records > 180) probe.ack();
      return probe.buffer.records === 180;
    });
    await until('that is noted', () => storage.files.has('acknowledged'));
    await new Promise((r) => setTimeout(r, 20));
    storage = storage.crash();
    probe = await BufferProbe.open(storage, {}, 5);
    assert.equal(probe.buffer.records, 180);
    for (const text of texts(201, 210)) probe.append(text, 1000);
    assert.deepEqual(await probe.readAll(), texts(21, 210));
    await probe.buffer.close();
  });

  test('a segment that was cut short at any byte gives the whole batches in front of the cut', async () => {
    const whole = new MemoryStorage();
    const first = await BufferProbe.open(whole, {}, 0);
    for (const text of texts(1, 4)) first.append(text, 10);
    await until('all is written', () => first.taken.length === 4);
    await first.buffer.close();
    const [name, bytes] = [...whole.files].find(([n]) => n.endsWith('.segment'))!;
    const frame = 28 + 2 + 10;
    const start = bytes.length - 4 * frame;
    for (let length = 0; length < bytes.length; length++) {
      const storage = new MemoryStorage();
      storage.files.set(name, bytes.slice(0, length));
      const probe = await BufferProbe.open(storage);
      probe.append('next');
      const kept = Math.max(0, Math.floor((length - start) / frame));
      assert.deepEqual(await probe.readAll(), [...texts(1, kept), 'next'], `cut at ${length}`);
      assert.equal(probe.damaged, length < start ? length : (length - start) % frame, `cut at ${length}`);
      await probe.buffer.close();
    }
  });

  test('a changed byte costs the batch that it is in, wherever it is', async () => {
    const whole = new MemoryStorage();
    const first = await BufferProbe.open(whole, {}, 0);
    for (const text of texts(1, 4)) first.append(text, 10);
    await until('all is written', () => first.taken.length === 4);
    await first.buffer.close();
    const [name, bytes] = [...whole.files].find(([n]) => n.endsWith('.segment'))!;
    const frame = 28 + 2 + 10;
    const start = bytes.length - 4 * frame;
    for (let at = 0; at < bytes.length; at++) {
      const storage = new MemoryStorage();
      const changed = bytes.slice();
      changed[at]! ^= 0x41;
      storage.files.set(name, changed);
      const probe = await BufferProbe.open(storage);
      const seen = await probe.readAll();
      assert.ok(probe.damaged > 0, `byte ${at}`);
      const hit = Math.floor((at - start) / frame) + 1;
      const inPrefix = at >= start && (at - start) % frame < 28;
      // Without its prefix there is no telling where the next one begins.
      const expected = at < start ? [] : texts(1, 4).filter((_, i) => i + 1 < hit || (!inPrefix && i + 1 > hit));
      assert.deepEqual(seen, expected, `byte ${at}`);
      assert.equal(probe.lostRecords, at >= start && !inPrefix ? 1 : 0, `byte ${at}`);
      await probe.buffer.close();
    }
  });

  test('damage under a running buffer: what cannot be read is counted, and the rest comes', async () => {
    const folder = temporaryFolder('buffer');
    const probe = await BufferProbe.open(new FolderStorage(folder), {}, 0);
    for (const text of texts(1, 200)) probe.append(text, 1000);
    await until('all is written', () => probe.taken.length === 200);
    const [first, second] = segments(folder).map((name) => join(folder, name));
    truncateSync(first!, 20_000);
    const bytes = readFileSync(second!);
    bytes[5000]! ^= 1;
    writeFileSync(second!, bytes);
    const seen = await probe.readAll();
    assert.equal(seen.length + probe.lostRecords, 200);
    assert.ok(probe.lost.every((l) => l.reason === 'buffer-damaged'));
    assert.ok(seen.length > 100 && probe.lostRecords > 10);
    assert.ok(probe.damaged > 0);
    assert.equal(probe.buffer.bytes, 0);
    await probe.buffer.close();
  });

  for (const overflow of ['drop-newest', 'drop-oldest'] as const) {
    test(`${overflow}: no more than was configured is on the disk, and each record that goes is counted`, async () => {
      const storage = new MemoryStorage();
      const probe = await BufferProbe.open(storage, { bytes: 200_000, segmentBytes: 20_000, overflow }, 3);
      for (const text of texts(1, 1000)) {
        probe.append(text, 1000);
        if (probe.taken.length % 7 === 0) await new Promise((r) => setImmediate(r));
      }
      await until('all are taken', () => probe.taken.length === 1000);
      assert.deepEqual(probe.taken, texts(1, 1000));
      assert.ok(storage.peak <= 200_000, `${storage.peak} bytes`);
      const seen = await probe.readAll();
      assert.equal(seen.length + probe.lostRecords, 1000);
      assert.ok(seen.length > 100);
      assert.ok(probe.lost.every((l) => l.reason === 'overflow'));
      assert.deepEqual(
        seen,
        [...seen].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
      );
      if (overflow === 'drop-newest') assert.deepEqual(seen.slice(0, 100), texts(1, 100));
      else assert.equal(seen.at(-1), 'b1000');
      probe.append('after');
      assert.deepEqual(await probe.readAll(), ['after']);
      await probe.buffer.close();
    });
  }

  test('a batch larger than the buffer is dropped; a large one that fits is read from the disk', async () => {
    const storage = new MemoryStorage();
    const probe = await BufferProbe.open(storage, { bytes: 4 * 2 ** 20, segmentBytes: 2 ** 19 }, 0);
    probe.append('huge', 5 * 2 ** 20);
    probe.append('large', 3 * 2 ** 20);
    probe.append('small');
    await until('all are taken', () => probe.taken.length === 3);
    assert.deepEqual(await probe.readAll(), ['large', 'small']);
    assert.deepEqual(probe.lost, [{ records: 1, reason: 'overflow' }]);
    await probe.buffer.close();
  });

  test('what was written for other settings is set aside, counted, and never handed out', async () => {
    const folder = temporaryFolder('buffer');
    let probe = await BufferProbe.open(new FolderStorage(folder), {}, 0);
    for (const text of texts(1, 100)) probe.append(text, 1000);
    await probe.buffer.close();
    probe = await BufferProbe.open(new FolderStorage(folder), { fingerprint: 'another' });
    assert.deepEqual(probe.lost, [{ records: 100, reason: 'buffer-outdated' }]);
    probe.append('new');
    assert.deepEqual(await probe.readAll(), ['new']);
    await probe.buffer.close();
    assert.ok(existsSync(join(folder, 'set-aside')) && readdirSync(join(folder, 'set-aside')).length > 1);
  });
});

describe('a buffer on a disk in trouble', () => {
  for (const overflow of ['drop-newest', 'drop-oldest'] as const) {
    test(`full disk, ${overflow}: nothing waits for it, a few MiB stay in memory, and it goes on when there is room`, async () => {
      const storage = new MemoryStorage();
      const probe = await BufferProbe.open(storage, { bytes: 2 ** 26, segmentBytes: 2 ** 20, overflow }, 2);
      for (const text of texts(1, 20)) probe.append(text, 100_000);
      await until('all is written', () => probe.taken.length === 20);
      storage.fault = noSpace();
      for (const text of texts(21, 120)) probe.append(text, 100_000);
      await until('it is told', () => probe.troubles[0] !== undefined);
      assert.match(probe.troubles[0]!.message, /writing the buffer of exporter e: no space left/);
      await until('nothing waits', () => probe.taken.length === 120);
      for (const text of texts(121, 140)) probe.append(text, 100_000);
      assert.equal(probe.taken.length, 140, 'at once');
      assert.ok(probe.lostRecords > 0);
      storage.fault = undefined;
      await until('it is over', () => probe.troubles.at(-1) === undefined && probe.troubles.length > 1);
      const seen = await probe.readAll();
      assert.equal(seen.length + probe.lostRecords, 140);
      assert.equal(new Set(seen).size, seen.length);
      assert.deepEqual(
        seen,
        [...seen].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))),
      );
      if (overflow === 'drop-newest') assert.deepEqual(seen.slice(0, 20), texts(1, 20));
      else assert.equal(seen.at(-1), 'b140');
      await probe.buffer.close();
    });
  }

  test('a disk that hangs is not waited for', async () => {
    const storage = new MemoryStorage();
    const probe = await BufferProbe.open(storage, {}, 0);
    const hanging = Promise.withResolvers<void>();
    storage.gate = hanging.promise;
    probe.append('one');
    await until('nothing waits for it', () => probe.taken.length === 1);
    assert.match(probe.troubles[0]!.message, /takes longer than 2 s/);
    storage.gate = undefined;
    hanging.resolve();
    await until('it is over', () => probe.troubles.at(-1) === undefined);
    assert.deepEqual(await probe.readAll(), ['one']);
    await probe.buffer.close();
  });

  test('a segment that cannot be read is given up in the end, and counted', async () => {
    const storage = new MemoryStorage();
    const probe = await BufferProbe.open(storage, {}, 0);
    for (const text of texts(1, 10)) probe.append(text, 1000);
    await until('all is written', () => probe.taken.length === 10);
    storage.readFault = new Error('input/output error');
    probe.window = 100;
    probe.read();
    await until('it is given up', () => probe.lostRecords === 10, 20);
    assert.deepEqual(probe.lost, [{ records: 10, reason: 'buffer-damaged' }]);
    storage.readFault = undefined;
    probe.append('next');
    assert.deepEqual(await probe.readAll(), ['next']);
    await probe.buffer.close();
  });

  test('closed while nothing can be written: what was in memory alone is counted', async () => {
    const storage = new MemoryStorage();
    storage.fault = noSpace();
    const probe = await BufferProbe.open(storage, {}, 0);
    probe.append('one');
    await until('it is told', () => probe.troubles.length > 0);
    await probe.buffer.close();
    assert.deepEqual(probe.lost, [{ records: 1, reason: 'buffer-unwritable' }]);
  });

  test('a folder that cannot be made is said at once', async () => {
    const file = join(temporaryFolder('buffer'), 'file');
    writeFileSync(file, '');
    await assert.rejects(BufferProbe.open(new FolderStorage(join(file, 'e'))), { code: 'BUFFER_UNUSABLE' });
  });
});
