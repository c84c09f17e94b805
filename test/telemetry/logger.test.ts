import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const LOGGER = new URL('../../src/telemetry/logger.ts', import.meta.url).href;

function logged(code: string): { out: string; err: string } {
  const run = spawnSync(
    process.execPath,
    ['--input-type=module', '-e', `import { createLogger } from '${LOGGER}'; ${code}`],
    { encoding: 'utf8' },
  );
  return { out: run.stdout, err: run.stderr };
}

test('the log is JSON lines on stderr and leaves stdout free', () => {
  const { out, err } = logged(
    "const l = createLogger('info'); l.debug('no'); l.info({ stream: 'pods' }, 'ready'); l.child({ exporter: 'bus' }).warn('slow');",
  );
  assert.equal(out, '');
  const lines = err
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ level, msg, stream, exporter }) => ({ level, msg, stream, exporter })),
    [
      { level: 30, msg: 'ready', stream: 'pods', exporter: undefined },
      { level: 40, msg: 'slow', stream: undefined, exporter: 'bus' },
    ],
  );
  assert.match(String(lines[0]!.time), /^\d{4}-\d\d-\d\dT/);
});

test('a line before a sudden end is not lost', () => {
  assert.match(logged("createLogger('info').fatal('the end'); process.exit(1);").err, /the end/);
});

test('for people it is text', () => {
  const { err } = logged("createLogger('info', true).info({ stream: 'pods' }, 'ready');");
  assert.match(err, /INFO.*ready/);
  assert.throws(() => JSON.parse(err));
});

test('a component has a level of its own, which holds for its children, and is changed while they are there', () => {
  const { err } = logged(
    `import { componentLogger, setLogLevels } from '${LOGGER}';
     const l = createLogger({ level: 'info', levels: { watch: 'debug' } });
     const stream = componentLogger(l, 'watch').child({ stream: 'pods' });
     stream.debug('yes'); l.debug('no'); componentLogger(l, 'state').debug('no'); componentLogger(l, 'state').info('yes');
     setLogLevels(l, { level: 'warn', levels: { state: 'debug' } });
     stream.info('no'); stream.warn('yes'); l.info('no'); componentLogger(l, 'state').debug('yes');
     const quiet = l.child({}, { level: 'error' });
     componentLogger(quiet, 'state').warn('no'); componentLogger(quiet, 'state').error('yes');`,
  );
  const lines = err
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l) as Record<string, unknown>);
  assert.deepEqual(
    lines.map((l) => [l.component, l.level, l.msg]),
    [
      ['watch', 20, 'yes'],
      ['state', 30, 'yes'],
      ['watch', 40, 'yes'],
      ['state', 20, 'yes'],
      ['state', 50, 'yes'],
    ],
  );
});
