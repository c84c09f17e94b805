import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { ConfigFile } from '../../src/config/config-file.ts';
import { until } from '../support/until.ts';

describe('changes of a configuration file', () => {
  let folder: string;
  let told: string[];
  let source: ConfigFile | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'watershard-config-'));
    told = [];
  });
  afterEach(() => {
    source?.close();
    rmSync(folder, { recursive: true });
  });

  function follow(file: string, text: string, pollMs?: number): ConfigFile {
    const events = {
      text: (changed: string) => void told.push(changed),
      unreadable: ({ code }: { code: string }) => void told.push(code),
      polling: (reason: string) => void told.push(`polling: ${reason}`),
    };
    source = new ConfigFile(file, text, events, pollMs);
    source.start();
    return source;
  }

  const tells = (...expected: string[]): Promise<unknown> =>
    until(`${expected} is told`, () => {
      assert.deepEqual(told, expected);
      return true;
    });

  test('is written in place, and replaced as an editor does', async () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, 'one');
    follow(file, 'one');
    writeFileSync(file, 'two');
    await tells('two');
    writeFileSync(join(folder, 'other'), 'three');
    renameSync(join(folder, 'other'), file);
    await tells('two', 'three');
  });

  test('a mounted ConfigMap, whose link ..data is swapped', async () => {
    const version = (name: string, text: string): void => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'a.yaml'), text);
      symlinkSync(name, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    version('..2026_1', 'one');
    symlinkSync('..data/a.yaml', join(folder, 'a.yaml'));
    follow(join(folder, 'a.yaml'), 'one');
    version('..2026_2', 'two');
    await tells('two');
    rmSync(join(folder, '..2026_1'), { recursive: true });
    version('..2026_3', 'two');
    version('..2026_4', 'three');
    await tells('two', 'three');
  });

  test('a target that lies elsewhere is looked at', async () => {
    mkdirSync(join(folder, 'elsewhere'));
    writeFileSync(join(folder, 'elsewhere', 'b.yaml'), 'one');
    symlinkSync('elsewhere/b.yaml', join(folder, 'a.yaml'));
    follow(join(folder, 'a.yaml'), 'one', 50);
    writeFileSync(join(folder, 'elsewhere', 'b.yaml'), 'two');
    await tells('two');
  });

  test('changed between the first read and the start', async () => {
    writeFileSync(join(folder, 'a.yaml'), 'two');
    follow(join(folder, 'a.yaml'), 'one');
    await tells('two');
  });

  test('missing is told once, until it has been there again', async () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, 'one');
    const source = follow(file, 'one', 50);
    rmSync(file);
    await tells('CONFIG_UNREADABLE');
    writeFileSync(file, 'one');
    source.ask();
    await tells('CONFIG_UNREADABLE', 'one');
    rmSync(file);
    await tells('CONFIG_UNREADABLE', 'one', 'CONFIG_UNREADABLE');
    writeFileSync(file, 'two');
    await tells('CONFIG_UNREADABLE', 'one', 'CONFIG_UNREADABLE', 'two');
  });

  test('who asks is told also of what was there before', async () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, 'one');
    follow(file, 'one').ask();
    await tells('one');
  });

  test('a pipe is not read again', async () => {
    const file = join(folder, 'pipe');
    assert.equal(spawnSync('mkfifo', [file]).status, 0);
    follow(file, 'one', 20).ask();
    await tells('one');
  });

  test('where nothing can be watched it is looked at', async () => {
    const file = join(folder, 'gone', 'a.yaml');
    const source = follow(file, 'one', 50);
    await until('that is told', () => told.some((t) => t.startsWith('polling: ')));
    mkdirSync(join(folder, 'gone'));
    writeFileSync(file, 'two');
    await until('the change is told', () => told.at(-1) === 'two');
    source.close();
  });
});
