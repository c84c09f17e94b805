import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';
import { findHomeDir } from '@kubernetes/client-node/dist/config.js';
import { loadYaml } from '@kubernetes/client-node/dist/yaml.js';

interface KubeconfigUser {
  readonly name?: unknown;
  readonly user?: { readonly tokenFile?: unknown } | null;
}

/** The files that the library reads: the one given, else those of KUBECONFIG, else ~/.kube/config; a pod has none. */
function kubeconfigFiles(path: string | undefined): string[] {
  if (path !== undefined) return [path];
  const named = process.env.KUBECONFIG?.split(delimiter).filter(Boolean) ?? [];
  if (named.length > 0) return named;
  const home = findHomeDir();
  return home === null ? [] : [join(home, '.kube', 'config')];
}

/**
 * The file that `tokenFile` of a kubeconfig user names, relative to the kubeconfig; undefined where there is none. The
 * library does not know that key (it looks for `token-file`, which kubectl does not), and keeps no key that it does not know.
 * @throws Error where a file is not YAML, which quotes it: to be called for what the library could read
 */
export function tokenFileOf(path: string | undefined, userName: string): string | undefined {
  for (const file of kubeconfigFiles(path).filter((name) => existsSync(name))) {
    const { users } = loadYaml<{ users?: unknown }>(readFileSync(file, 'utf8'));
    const user = (Array.isArray(users) ? (users as (KubeconfigUser | null)[]) : []).find((u) => u?.name === userName);
    if (user === undefined) continue;
    const name = user?.user?.tokenFile;
    return typeof name === 'string' && name !== '' ? resolve(dirname(file), name) : undefined;
  }
  return undefined;
}

/**
 * The token in a file, as it is now.
 * @throws Error that names the file, never what is in it
 */
export function readToken(file: string): string {
  const token = readFileSync(file, 'utf8').trim();
  if (!/^[\x20-\x7e]+$/.test(token)) {
    throw new Error(`tokenFile ${file} ${token === '' ? 'is empty' : 'holds what cannot stand in a header'}`);
  }
  return token;
}
