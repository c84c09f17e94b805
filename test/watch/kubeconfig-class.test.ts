import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { it } from 'node:test';
import { temporaryFolder } from '../support/servers/process.ts';

const KUBECONFIG = `
apiVersion: v1
kind: Config
current-context: here
contexts: [{ name: here, context: { cluster: here, user: me } }]
clusters: [{ name: here, cluster: { server: "http://127.0.0.1:1" } }]
users: [{ name: me, user: { token: secret } }]
`;

it('credentials are read without the 700 models of the generated client', async () => {
  const generated: string[] = [];
  const hooks = registerHooks({
    load: (url, context, next) => {
      if (url.includes('/client-node/dist/gen/models/')) generated.push(url);
      return next(url, context);
    },
  });
  const { Credentials } = await import('../../src/watch/credentials.ts');
  const file = join(temporaryFolder('kubeconfig-class'), 'kubeconfig');
  writeFileSync(file, KUBECONFIG);
  const credentials = await Credentials.load(file);
  assert.equal(new URL(credentials.server).port, '1');
  hooks.deregister();
  assert.deepEqual(generated.slice(0, 3), []);
});
