import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { readStatus } from '../../src/watch/api-client.ts';
import { parseErrorEvent, parseRetryAfter, parseStatus } from '../../src/watch/api-status.ts';
import { Credentials } from '../../src/watch/credentials.ts';
import { leaf, makePki } from '../support/servers/pki.ts';
import { temporaryFolder } from '../support/servers/process.ts';
import { metric, openApi, writeKubeconfig } from './watch-setup.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const pki = temporaryFolder('pki');
const ca = `certificate-authority: ${join(pki, 'ca.crt')}`;
let handler: Handler = (_, response) => void response.end('{}');
const route: Handler = (request, response) => handler(request, response);
const read = (name: string): Buffer => readFileSync(join(pki, name));
let https: ReturnType<typeof createHttps>;
const http = createHttp(route);
let secure = '';
let plain = '';
before(async () => {
  makePki(pki);
  https = createHttps(
    {
      cert: read('apiserver.crt'),
      key: read('apiserver.key'),
      ca: read('ca.crt'),
      requestCert: true,
      rejectUnauthorized: false,
    },
    route,
  );
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  secure = `https://127.0.0.1:${(https.address() as AddressInfo).port}`;
  plain = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
after(() => {
  https.closeAllConnections();
  http.closeAllConnections();
  https.close();
  http.close();
});

/** What the server sees of one request. */
async function seen(kubeconfig: string): Promise<{ authorization: string | undefined; subject: string | undefined }> {
  const api = await openApi(kubeconfig);
  let authorization: string | undefined;
  let subject: string | undefined;
  handler = (request, response) => {
    authorization = request.headers.authorization;
    const peer = (request.socket as TLSSocket).getPeerCertificate?.();
    subject = peer?.subject?.CN === undefined ? undefined : String(peer.subject.CN);
    response.end('{"ok":true}');
  };
  try {
    assert.deepEqual((await api.getJson('/x')).value, { ok: true });
  } finally {
    await api.close();
  }
  return { authorization, subject };
}

test('bearer tokens, basic auth and client certificates reach the server', async () => {
  assert.equal((await seen(writeKubeconfig(secure, '{token: abc}', ca))).authorization, 'Bearer abc');
  assert.equal(
    (await seen(writeKubeconfig(secure, '{token: "abc\\n"}', ca))).authorization,
    'Bearer abc',
    'a newline at the end',
  );
  const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
  assert.equal((await seen(writeKubeconfig(secure, '{username: u, password: p}', ca))).authorization, basic);
  const user = `{client-certificate: ${join(pki, 'admin.crt')}, client-key: ${join(pki, 'admin.key')}}`;
  assert.equal((await seen(writeKubeconfig(secure, user, ca))).subject, 'admin');
});

test('a plain HTTP server works, with a path prefix too', async () => {
  assert.equal((await seen(writeKubeconfig(`${plain}/prefix/`))).authorization, undefined);
});

test('a server whose certificate is not trusted is not talked to', async () => {
  await assert.rejects(seen(writeKubeconfig(secure, '{token: abc}')), { code: 'API_UNREACHABLE' });
});

test('an exec plugin runs once for many requests, and anew when the server refuses its token', async () => {
  const folder = temporaryFolder('exec');
  const plugin = join(folder, 'plugin.sh');
  const credential =
    '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"token-%s"}}';
  writeFileSync(plugin, `#!/bin/sh\necho run >> ${folder}/runs\nprintf '${credential}' $(wc -l < ${folder}/runs)\n`);
  chmodSync(plugin, 0o755);
  const runs = (): number => readFileSync(join(folder, 'runs'), 'utf8').split('\n').length - 1;
  const exec = `{exec: {apiVersion: client.authentication.k8s.io/v1, command: ${plugin}, args: []}}`;
  const metrics = createMetrics();
  const api = await openApi(writeKubeconfig(secure, exec, ca), metrics);
  let valid = 'Bearer token-1';
  handler = (request, response) => {
    response.statusCode = request.headers.authorization === valid ? 200 : 401;
    response.end('{}');
  };
  const all = async (): Promise<number[]> =>
    await Promise.all(Array.from({ length: 20 }, async () => (await api.getJson('/x')).status));
  assert.deepEqual(new Set(await all()), new Set([200]));
  assert.equal(runs(), 1);
  valid = 'Bearer token-2';
  assert.deepEqual(new Set(await all()), new Set([200]));
  assert.equal(runs(), 2);
  valid = 'Bearer none';
  assert.equal((await api.getJson('/x')).status, 401, 'tried once more, not for ever');
  assert.ok((await metric(metrics.apiRequests, { status: '401' })) <= 22);
  await api.close();
});

test('a token and a certificate that are renewed on disk are used', async () => {
  leaf(pki, 'first', '/CN=first');
  leaf(pki, 'second', '/CN=second');
  for (const kind of ['crt', 'key']) writeFileSync(join(pki, `current.${kind}`), read(`first.${kind}`));
  const subjects: string[] = [];
  handler = (request, response) => {
    subjects.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
    response.end('{}');
  };
  const user = `{client-certificate: ${join(pki, 'current.crt')}, client-key: ${join(pki, 'current.key')}}`;
  const api = await openApi(writeKubeconfig(secure, user, ca));
  await api.getJson('/x');
  for (const kind of ['crt', 'key']) writeFileSync(join(pki, `current.${kind}`), read(`second.${kind}`));
  await api.getJson('/x');
  assert.deepEqual(subjects, ['first', 'second']);
  await api.close();

  const file = writeKubeconfig(secure, '{token: old}', ca);
  const rotating = await openApi(file);
  handler = (request, response) => {
    response.statusCode = request.headers.authorization === 'Bearer new' ? 200 : 401;
    response.end('{}');
  };
  writeFileSync(file, readFileSync(file, 'utf8').replace('old', 'new'));
  assert.equal((await rotating.getJson('/x')).status, 200);
  await rotating.close();
});

test('a tokenFile is read before every request, from beside the kubeconfig, and goes before a token', async () => {
  const seenTokens: (string | undefined)[] = [];
  handler = (request, response) => {
    seenTokens.push(request.headers.authorization);
    response.end('{}');
  };
  const file = writeKubeconfig(secure, '{token: other, tokenFile: ./token}', ca);
  const token = join(file, '..', 'token');
  writeFileSync(token, 'one\n');
  const api = await openApi(file);
  await api.getJson('/x');
  writeFileSync(token, 'two\n');
  await api.getJson('/x');
  assert.deepEqual(seenTokens, ['Bearer one', 'Bearer two']);
  for (const [content, says] of [
    ['', /tokenFile .* is empty/],
    ['secret\nsecret', /cannot stand in a header/],
  ] as const) {
    writeFileSync(token, content);
    await assert.rejects(api.getJson('/x'), (e: Error) => says.test(e.message) && !/secret/.test(e.message));
    await assert.rejects((await Credentials.load(file)).check(), { code: 'KUBECONFIG_INVALID', message: says });
  }
  await api.close();

  process.env.KUBECONFIG = delimiter + file;
  try {
    writeFileSync(token, 'three');
    const { headers } = await (await Credentials.load()).access();
    assert.equal(headers.Authorization, 'Bearer three');
  } finally {
    delete process.env.KUBECONFIG;
  }
});

test('a kubeconfig that cannot be used says why', async () => {
  await assert.rejects(Credentials.load('/nonexistent/kubeconfig'), {
    code: 'KUBECONFIG_INVALID',
    message: /nonexistent/,
  });
  const file = writeKubeconfig(secure);
  writeFileSync(file, 'apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n');
  await assert.rejects(Credentials.load(file), { code: 'KUBECONFIG_INVALID', message: /names no cluster/ });
});

test('without any kubeconfig nothing is guessed', async () => {
  const { HOME, KUBECONFIG } = process.env;
  process.env.HOME = temporaryFolder('home');
  delete process.env.KUBECONFIG;
  try {
    await assert.rejects(Credentials.load(), { code: 'KUBECONFIG_INVALID', message: /there is no kubeconfig/ });
    process.env.KUBECONFIG = writeKubeconfig(secure, '{token: abc}', ca);
    assert.equal((await Credentials.load()).server, secure);
  } finally {
    if (HOME === undefined) delete process.env.HOME;
    else process.env.HOME = HOME;
    if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
    else process.env.KUBECONFIG = KUBECONFIG;
  }
});

test('an exec plugin that fails is an error of the credentials', async () => {
  const api = await openApi(
    writeKubeconfig(secure, '{exec: {apiVersion: client.authentication.k8s.io/v1, command: "false", args: []}}', ca),
  );
  await assert.rejects(api.get('/x'), { code: 'API_UNAUTHORIZED' });
  await api.close();
});

test('a server that is not there is API_UNREACHABLE, and is counted', async () => {
  const metrics = createMetrics();
  const api = await openApi(writeKubeconfig('http://127.0.0.1:1'), metrics);
  await assert.rejects(api.get('/x'), { code: 'API_UNREACHABLE', message: /ECONNREFUSED/ });
  assert.equal(await metric(metrics.apiRequests, { status: 'failed' }), 1);
  await api.close();
});

test('what the server says of a failure is understood in each of its forms', () => {
  const text =
    '{"kind":"Status","code":410,"reason":"Expired","message":"old","metadata":{"continue":"t"},"details":{"retryAfterSeconds":3}}';
  const expected = { code: 410, reason: 'Expired', message: 'old', continueToken: 't', retryAfterMs: 3000 };
  assert.deepEqual(parseStatus(500, text, undefined), expected);
  assert.deepEqual(parseErrorEvent(`{"type":"ERROR","object":${text}}`), expected);
  assert.equal(parseStatus(502, '<html>bad gateway</html>', 7).message, '<html>bad gateway</html>');
  assert.equal(parseErrorEvent('{"type":"ERROR"').code, 500);
  assert.equal(parseRetryAfter('7', 0), 7000);
  assert.equal(parseRetryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4000), 6000);
  assert.equal(parseRetryAfter(undefined, 0), undefined);
});

test('a signal ends a request that waits for its answer, and one whose body is being read', async () => {
  const api = await openApi(writeKubeconfig(plain));
  const silent = new AbortController();
  handler = () => silent.abort(new Error('given up'));
  await assert.rejects(api.get('/x', { signal: silent.signal }), { code: 'API_UNREACHABLE', message: /given up/ });

  const ending = new AbortController();
  handler = (_, response) => void response.write('a');
  const { body } = await api.get('/x', { signal: ending.signal });
  const failed = new Promise<Error>((resolve, reject) =>
    body.into({
      data: () => ending.abort(new Error('enough')),
      end: () => reject(new Error('it ended')),
      failed: resolve,
    }),
  );
  assert.equal((await failed).message, 'enough');
  await api.close();
});

test('of an answer that says no, as much is read as a Status may have', async () => {
  const api = await openApi(writeKubeconfig(plain));
  let closed = false;
  handler = (_, response) => {
    response.on('close', () => {
      closed = true;
    });
    response.writeHead(500);
    const more = (): void => {
      while (!closed && response.write('x'.repeat(64 * 1024)));
      response.once('drain', more);
    };
    more();
  };
  assert.equal((await readStatus(await api.get('/x'))).code, 500);
  await api.close();
});
