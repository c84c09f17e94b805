import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Cluster, User } from '@kubernetes/client-node';
import { errorMessage } from '../model/errors.ts';

const BASE64 = /^[A-Za-z0-9+/\s]+={0,2}\s*$/;
const PROXIES: readonly string[] = ['http:', 'https:', 'socks5:'];

/**
 * What makes a context of a kubeconfig unusable, whatever the server says: undefined where nothing does. Its words name
 * the key and the file; they never repeat a value, which may be a secret.
 */
export function contextFault(cluster: Cluster, user: User): string | undefined {
  return (
    serverFault(cluster) ??
    materialFault('certificate-authority', cluster.caFile, cluster.caData) ??
    materialFault('client-certificate', user.certFile, user.certData) ??
    materialFault('client-key', user.keyFile, user.keyData) ??
    tlsFault(cluster, user) ??
    tokenFault(user)
  );
}

function serverFault({ server, proxyUrl }: Cluster): string | undefined {
  const { protocol } = new URL(server);
  if (protocol !== 'http:' && protocol !== 'https:')
    return 'server is no address of an API server; it begins with https://';
  if (!proxyUrl) return undefined;
  const scheme = URL.parse(proxyUrl)?.protocol;
  if (scheme !== undefined && PROXIES.includes(scheme)) return undefined;
  return `proxy-url has the scheme ${scheme ?? 'none'}; http, https and socks5 can be used`;
}

/** Of a key that names a file, or with `-data` holds its content in base64. */
function materialFault(key: string, file: string | undefined, data: string | undefined): string | undefined {
  if (file) {
    try {
      readFileSync(file);
    } catch (e) {
      return `${key} cannot be read: ${errorMessage(e)}`;
    }
  } else if (data && !(typeof data === 'string' && BASE64.test(data))) return `${key}-data is not base64`;
  return undefined;
}

/** Whether a connection could be made of them at all: certificates that are none, a key of another certificate. */
function tlsFault(cluster: Cluster, user: User): string | undefined {
  const ca = material(cluster.caFile, cluster.caData);
  const cert = material(user.certFile, user.certData);
  const key = material(user.keyFile, user.keyData);
  if ((cert === undefined) !== (key === undefined)) return 'client-certificate and client-key go together';
  // Without a certificate in it every server would be refused, and OpenSSL says nothing of that.
  if (ca !== undefined && !ca.includes('-----BEGIN')) return 'certificate-authority holds no certificate in PEM';
  try {
    if (ca !== undefined) createSecureContext({ ca });
  } catch (e) {
    return `certificate-authority cannot be used: ${errorMessage(e)}`;
  }
  try {
    if (cert !== undefined) createSecureContext({ cert, key });
  } catch (e) {
    return `client-certificate and client-key cannot be used: ${errorMessage(e)}`;
  }
  return undefined;
}

function material(file: string | undefined, data: string | undefined): Buffer | undefined {
  if (file) return readFileSync(file);
  return data ? Buffer.from(data, 'base64') : undefined;
}

function tokenFault({ token }: User): string | undefined {
  if (token === undefined || token === null || /^[\x20-\x7e]*$/.test(String(token).trim())) return undefined;
  return 'token holds what cannot stand in a header';
}
