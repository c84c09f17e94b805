import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const LOGGER = new URL('../../src/telemetry/logger.ts', import.meta.url).href;
const NAME = 'a\u001b[2J\u009b31m\r\n{"level":60,"msg":"forged"}\n\u202etxt\u2028"\\u001b[1m\\';

function logged(pretty: boolean): string {
  const code = `import { createLogger } from '${LOGGER}'; createLogger('info', ${pretty}).warn({ key: ${JSON.stringify(NAME)} }, 'cannot store ' + ${JSON.stringify(NAME)});`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' }).stderr;
}

test('a name in the log is one line of JSON, and none of it reaches a terminal as a control character', () => {
  const [line, ...more] = logged(false).trimEnd().split('\n') as [string, ...string[]];
  assert.deepEqual(more, []);
  assert.deepEqual((({ key, msg }) => ({ key, msg }))(JSON.parse(line)), { key: NAME, msg: `cannot store ${NAME}` });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u202e]/);
});

test('nor where the log is text for people', () => {
  const text = logged(true);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of the log itself are taken out
  const plain = text.replace(/\u001b\[\d+m/g, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  assert.doesNotMatch(plain, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
  assert.match(plain, /cannot store a\\u001b\[2J\\u009b31m\\r\\n/);
  assert.equal(plain.trimEnd().split('\n').length, 2, plain);
});
