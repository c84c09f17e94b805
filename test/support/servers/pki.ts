import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const ADMIN_TOKEN = 'admin-token-not-secret';

const openssl = (cwd: string, ...args: string[]): unknown => execFileSync('openssl', args, { cwd, stdio: 'pipe' });

/** Makes a CA, the API server's certificate, client certificates and the service-account key pair. */
export function makePki(folder: string): void {
  mkdirSync(folder, { recursive: true });
  openssl(folder, 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'ca.key');
  openssl(folder, 'req', '-x509', '-new', '-key', 'ca.key', '-subj', '/CN=test-ca', '-days', '30', '-out', 'ca.crt');
  leaf(folder, 'apiserver', '/CN=kube-apiserver', 'DNS:localhost,DNS:kubernetes.default.svc,IP:127.0.0.1');
  leaf(folder, 'admin', '/O=system:masters/CN=admin');
  leaf(folder, 'kcm', '/CN=system:kube-controller-manager');
  openssl(folder, 'genrsa', '-out', 'sa.key', '2048');
  openssl(folder, 'rsa', '-in', 'sa.key', '-pubout', '-out', 'sa.pub');
  writeFileSync(
    join(folder, 'tokens.csv'),
    `${ADMIN_TOKEN},admin,admin-uid,"system:masters"\nplain-token,plain,plain-uid\n`,
  );
}

/** A certificate signed by the folder's CA. */
export function leaf(folder: string, name: string, subject: string, san?: string): void {
  openssl(folder, 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', `${name}.key`);
  openssl(folder, 'req', '-new', '-key', `${name}.key`, '-subj', subject, '-out', `${name}.csr`);
  const usage = 'keyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\n';
  writeFileSync(join(folder, `${name}.ext`), `${usage}${san === undefined ? '' : `subjectAltName=${san}\n`}`);
  const sign = ['-req', '-in', `${name}.csr`, '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30'];
  openssl(folder, 'x509', ...sign, '-extfile', `${name}.ext`, '-out', `${name}.crt`);
}
