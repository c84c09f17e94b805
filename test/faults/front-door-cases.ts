// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of a configuration are written so
import { stringify } from 'yaml';
import { GOOD } from './front-door-mutations.ts';

interface OddConfiguration {
  readonly content: string | Buffer;
  readonly valid?: true;
}

/** What random edits do not come upon. */
export function oddConfigurations(): Readonly<Record<string, OddConfiguration>> {
  const good = stringify(GOOD);
  const change = (more: object): string => stringify({ ...GOOD, ...more });
  const [bus, lake] = GOOD.exporters;
  const laughs = Array.from({ length: 9 }, (_, i) => {
    const below = i === 0 ? '"lol"' : `*a${i - 1}`;
    return `a${i}: &a${i} [${Array(9).fill(below).join(', ')}]`;
  });
  return {
    'an empty file': { content: '' },
    'white space alone': { content: ' \n\n  ' },
    'a comment alone': { content: '# nothing\n' },
    null: { content: 'null\n' },
    'a number': { content: '7\n' },
    'a list': { content: '[1, 2]\n' },
    'JSON of it': { content: JSON.stringify(GOOD), valid: true },
    'a byte order mark': { content: `\ufeff${good}`, valid: true },
    'line ends of Windows': { content: good.replaceAll('\n', '\r\n'), valid: true },
    'invalid UTF-8': { content: Buffer.concat([Buffer.from(good), Buffer.from([0xc3, 0x28, 0xff])]) },
    'UTF-16': { content: Buffer.from(good, 'utf16le') },
    'NUL bytes': { content: good.replace('demo', 'de\0mo') },
    tabs: { content: good.replaceAll('  ', '\t') },
    'duplicate keys': { content: `${good}workers: 3\n` },
    'two documents': { content: `${good}---\n${good}` },
    'billion laughs': { content: `${laughs.join('\n')}\n${good}` },
    'an anchor that holds itself': { content: 'a: &a [*a]\n' },
    'an alias of nothing': { content: 'a: *nowhere\n' },
    'a merge of itself': { content: 'a: &a\n  <<: *a\n' },
    'a tag of JavaScript': { content: 'cluster: !!js/function "function () { throw 1 }"\n' },
    'ten thousand brackets': { content: '['.repeat(10_000) },
    'ten thousand braces': { content: '{a: '.repeat(10_000) },
    'ten thousand dashes': { content: '- '.repeat(10_000) },
    'ten MB': { content: `x: "${'y'.repeat(10_000_000)}"\n` },
    'nearly 1 MB of keys': {
      content: `${good}${Array.from({ length: 60_000 }, (_, i) => `k${i}: 1`).join('\n')}\n`,
    },
    'nearly 1 MB in one value': { content: change({ dataDir: 'x'.repeat(1_000_000) }), valid: true },
    'a terminal escape in a key': { content: change({ '\u001b[2J\u202e': 1 }) },
    'a key of a prototype': { content: `${good}__proto__: { a: 1 }\n` },
    'a field of a prototype': {
      content: change({ rules: [{ resources: ['pods'], extract: JSON.parse('{"__proto__":"1"}') }] }),
    },
    'a path of 20,000 steps': { content: change({ rules: [{ resources: ['pods'], prune: ['a.'.repeat(20_000)] }] }) },
    'a duration no timer can wait': { content: change({ exporters: [bus, { ...lake, rotate: { interval: '25d' } }] }) },
    'discovery once a year': { content: change({ watch: { discoveryInterval: '365d' } }) },
    'messages kept for a year': {
      content: change({ exporters: [{ ...bus, createStream: { maxAge: '365d', duplicateWindow: '1h' } }, lake] }),
      valid: true,
    },
    'a variable that is not set': { content: change({ dataDir: '${NOT_SET}' }) },
    'a secret as a type': { content: change({ exporters: [{ ...bus, type: '${MOVED_SECRET}' }] }) },
    'a secret as a name twice': {
      content: change({
        exporters: [
          { ...bus, name: '${MOVED_SECRET}' },
          { ...bus, name: '${MOVED_SECRET}' },
        ],
      }),
    },
    'a secret as an expression': {
      content: change({ rules: [{ resources: ['pods'], extract: { a: '${MOVED_SECRET}' } }] }),
    },
    'a long secret as a path': { content: change({ rules: [{ resources: ['pods'], prune: ['${LONG_SECRET} '] }] }) },
    'a secret in an address': { content: change({ state: { url: 'redis://:${STATE_PASSWORD}@[::1' } }) },
  };
}

interface OddExpression {
  readonly expression: unknown;
  readonly valid?: true;
}

export const oddExpressions: Readonly<Record<string, OddExpression>> = {
  'the empty text': { expression: '' },
  'white space': { expression: '  ' },
  'a comment': { expression: '// object' },
  'a dot at the end': { expression: 'object.status.' },
  'an open bracket': { expression: 'object.items[0' },
  'an open call': { expression: 'size(object.a, ' },
  'an open string': { expression: '"abc' },
  'a NUL byte': { expression: 'object.\0a' },
  'a lone surrogate': { expression: '"\\ud800"' },
  'an unknown function': { expression: 'launch(object)' },
  'an unknown method': { expression: '"a".launch()' },
  'an undeclared variable': { expression: 'pod.status.phase' },
  'a name of JavaScript': { expression: 'constructor(object)' },
  'a prototype': { expression: '__proto__' },
  'operands that do not fit': { expression: '1 + "a"' },
  'a map that is no condition': { expression: '{"a": 1} ? 1 : 2' },
  'brackets nested 2,000 deep': { expression: `${'('.repeat(2000)}1${')'.repeat(2000)}` },
  'lists nested 2,000 deep': { expression: '['.repeat(2000) },
  'two thousand negations': { expression: `${'!'.repeat(2000)}true` },
  'two thousand members': { expression: `object${'.a'.repeat(2000)}` },
  'two thousand sums': { expression: `1${'+1'.repeat(2000)}` },
  'conditions nested 500 deep': { expression: `${'true?1:'.repeat(500)}1` },
  'loops nested three deep': { expression: '[1].map(a, [1].map(b, [1].map(c, c)))' },
  '100 KB': { expression: `"${'x'.repeat(100_000)}"` },
  'an evil regular expression': { expression: '"aaaa".matches("(a+)+$")', valid: true },
  'a regular expression that is too large': { expression: '"a".matches("((a{1000}){1000}){1000}")' },
  'a regular expression that looks back': { expression: '"a".matches("(a)\\\\1")' },
  'a regular expression with an open bracket': { expression: '"a".matches("(")' },
  'a type that is none': { expression: { expression: '1', type: 'int128' } },
  'a type that no check can rule out': { expression: { expression: 'object.a', type: 'list<int>' }, valid: true },
  'a list for an expression': { expression: ['object.a'] },
  'a number for an expression': { expression: 7 },
};

interface OddKubeconfig {
  readonly kubeconfig: string | Buffer;
  readonly says: RegExp;
}

const SERVER = 'https://127.0.0.1:1';
const TEXT = Buffer.from('hello').toString('base64');

function kubeconfig(cluster: object, user: object | null = {}, more: object = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 't',
    clusters: [{ name: 't', cluster: { server: SERVER, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 't', context: { cluster: 't', user: 'u' } }],
    ...more,
  });
}

const plugin = (command: string, ...args: string[]): string =>
  kubeconfig({}, { exec: { apiVersion: 'client.authentication.k8s.io/v1', command, args } });

const withToken = kubeconfig({}, { token: 'canary-token' });

/** `says`: what the message has to name. */
export const oddKubeconfigs: Readonly<Record<string, OddKubeconfig>> = {
  'a plugin that hangs': { kubeconfig: plugin('sleep', '1000'), says: /did not answer within 20 s/ },
  'an empty kubeconfig': { kubeconfig: '', says: /empty/ },
  'a kubeconfig that is text': { kubeconfig: 'hello', says: /no current-context/ },
  'a kubeconfig that is noise': { kubeconfig: Buffer.from([0, 1, 2, 255, 254, 10, 0]), says: /line 1, column \d/ },
  // The message must not show the lines around, where the token is.
  'a kubeconfig that is cut off': { kubeconfig: withToken.slice(0, withToken.indexOf('canary') + 12), says: /line 1/ },
  'a kubeconfig of wrong types': {
    kubeconfig: '{"clusters": 5, "users": "x", "contexts": {}}',
    says: /current-context/,
  },
  'a context that is not there': { kubeconfig: kubeconfig({}, {}, { 'current-context': 'zz' }), says: /context zz/ },
  'no current context': { kubeconfig: kubeconfig({}, {}, { 'current-context': undefined }), says: /current-context/ },
  'a user that is not there': { kubeconfig: kubeconfig({}, {}, { users: [] }), says: /no user/ },
  'a server that is no URL': { kubeconfig: kubeconfig({ server: 'https://[::1' }), says: /server/ },
  'a server without a scheme': { kubeconfig: kubeconfig({ server: 'localhost:6443' }), says: /server .* https/ },
  'a proxy of an unknown kind': { kubeconfig: kubeconfig({ 'proxy-url': 'gopher://x' }), says: /proxy-url .*gopher/ },
  'wrong base64': {
    kubeconfig: kubeconfig({ 'certificate-authority-data': '!canary!' }),
    says: /certificate-authority-data is not base64/,
  },
  'an authority that is no certificate': {
    kubeconfig: kubeconfig({ 'certificate-authority-data': TEXT }),
    says: /certificate-authority holds no certificate/,
  },
  'an authority that is not there': {
    kubeconfig: kubeconfig({ 'certificate-authority': '/nonexistent/ca.crt' }),
    says: /certificate-authority cannot be read.*\/nonexistent\/ca\.crt/,
  },
  'a certificate that is none': {
    kubeconfig: kubeconfig({}, { 'client-certificate-data': TEXT, 'client-key-data': TEXT }),
    says: /client-certificate and client-key cannot be used/,
  },
  'a certificate without its key': {
    kubeconfig: kubeconfig({}, { 'client-certificate-data': TEXT }),
    says: /go together/,
  },
  'a token that fits in no header': { kubeconfig: kubeconfig({}, { token: 'canary\nx' }), says: /token/ },
  'a plugin that is not there': {
    kubeconfig: plugin('/nonexistent/plugin'),
    says: /exec plugin \/nonexistent\/plugin could not be run/,
  },
  'a plugin without a command': { kubeconfig: plugin(''), says: /exec plugin has no command/ },
  'a plugin that fails': {
    kubeconfig: plugin('sh', '-c', 'echo log in first >&2; exit 3'),
    says: /exec plugin sh ended with exit code 3: log in first/,
  },
  'a plugin that says something else': { kubeconfig: plugin('echo', 'canary'), says: /no ExecCredential/ },
  'a plugin that gives nothing': { kubeconfig: plugin('echo', '{"status":{}}'), says: /no ExecCredential/ },
  'a plugin that never ends': { kubeconfig: plugin('yes', 'canary'), says: /more than a credential/ },
};
