import assert from 'node:assert/strict';
import { test } from 'node:test';
import { redactConfig, redactUrls } from '../../src/config/redact.ts';

test('what is secret is masked, and what says where a secret is stays', () => {
  const shown = redactConfig({
    state: { url: 'redis://user:p%40ss@redis:6379/0' },
    exporters: [
      {
        name: 'bus',
        servers: ['nats://tok3n@a:4222', 'nats://u:pw@b:4222'],
        token: 'tok3n',
        password: 'pw',
        user: 'u',
      },
      {
        name: 'lake',
        url: 's3://bucket',
        secretAccessKey: 'abc',
        accessKeyId: 'AK',
        credentialsFile: '/etc/creds',
        tokenFile: '/t',
        tls: { key: 'client.pem' },
      },
    ],
    workers: 2,
  });
  assert.deepEqual(shown, {
    state: { url: 'redis://user:***@redis:6379/0' },
    exporters: [
      { name: 'bus', servers: ['nats://***@a:4222', 'nats://u:***@b:4222'], token: '***', password: '***', user: 'u' },
      {
        name: 'lake',
        url: 's3://bucket',
        secretAccessKey: '***',
        accessKeyId: '***',
        credentialsFile: '/etc/creds',
        tokenFile: '/t',
        tls: { key: 'client.pem' },
      },
    ],
    workers: 2,
  });
});

test('URLs are masked wherever they stand', () => {
  assert.equal(redactUrls('connect redis://:p@ss@h:1/0 failed'), 'connect redis://***@h:1/0 failed');
  assert.equal(redactUrls('https://h/x?sv=1&sig=abc&se=2'), 'https://h/x?sv=1&sig=***&se=2');
  assert.equal(redactUrls('mailto a@b, s3://bucket/a@b'), 'mailto a@b, s3://bucket/a@b');
  assert.equal(redactUrls('nats://a:b@h1,nats://c:d@h2'), 'nats://a:***@h1,nats://c:***@h2');
});

test('values of headers are masked, and what refers to a variable stays', () => {
  const shown = redactConfig({
    headers: { 'X-Key': 'hidden', 'X-Team': '${TEAM}' },
    basic: { user: 'u', password: '${PASSWORD:-}', passwordFile: '/p' },
    hmac: { secret: 'a${X}' },
    bearerToken: '${TOKEN:-hidden}',
  });
  assert.deepEqual(shown, {
    headers: { 'X-Key': '***', 'X-Team': '${TEAM}' },
    basic: { user: 'u', password: '${PASSWORD:-}', passwordFile: '/p' },
    hmac: { secret: '***' },
    bearerToken: '***',
  });
});
