import { spawn } from 'node:child_process';
import type { RequestOptions } from 'node:https';
import type { User } from '@kubernetes/client-node';

/** A plugin may ask a server far away, but every request waits for it; without a bound one that hangs stops everything. */
export const PLUGIN_MS = 20_000;
/** An ExecCredential holds a token and two certificates. */
const MAX_OUTPUT = 2 ** 20;
/** What a plugin says of its failure. */
const MAX_WORDS = 500;

interface Exec {
  readonly command?: unknown;
  readonly args?: unknown;
  readonly env?: unknown;
}

/** `status` of an ExecCredential (client.authentication.k8s.io/v1). */
interface CredentialStatus {
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
  readonly expirationTimestamp?: string;
}

/**
 * Credentials by `exec` of a kubeconfig user, in place of the library's authenticator: that one waits for a plugin for
 * ever, and quotes what it cannot read, which may be a token. What a plugin gave is used until it expires.
 */
export class ExecPlugin {
  readonly #patience: number;
  #given: CredentialStatus | undefined;

  constructor(patience = PLUGIN_MS) {
    this.#patience = patience;
  }

  isAuthProvider(user: User): boolean {
    return execOf(user) !== undefined;
  }

  /** @throws Error that says what the plugin did, never what it gave */
  async applyAuthentication(user: User, options: RequestOptions): Promise<void> {
    const expires = Date.parse(this.#given?.expirationTimestamp ?? '');
    if (this.#given === undefined || expires <= Date.now()) {
      this.#given = readCredential(await run(execOf(user) as Exec, this.#patience));
    }
    const { token, clientCertificateData, clientKeyData } = this.#given;
    if (clientCertificateData !== undefined) options.cert = clientCertificateData;
    if (clientKeyData !== undefined) options.key = clientKeyData;
    if (token !== undefined) options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
  }
}

/** Also in its old place, under `auth-provider`. */
function execOf(user: User): Exec | undefined {
  const old = (user.authProvider as { config?: { exec?: unknown } } | undefined)?.config?.exec;
  const exec: unknown = user.exec ?? old;
  return typeof exec === 'object' && exec !== null ? exec : undefined;
}

async function run(exec: Exec, patience: number): Promise<string> {
  const { command } = exec;
  if (typeof command !== 'string' || command === '') throw new Error('its exec plugin has no command');
  const args = Array.isArray(exec.args) ? exec.args.map(String) : [];
  const env = { ...process.env };
  for (const { name, value } of Array.isArray(exec.env) ? (exec.env as { name?: unknown; value?: unknown }[]) : [])
    env[String(name)] = String(value);
  const name = `the exec plugin ${command}`;
  return await new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let words = '';
    const fail = (what: string): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // What it started may hold its output open; nobody waits for that.
      child.stdout.destroy();
      child.stderr.destroy();
      reject(new Error(`${name} ${what}`));
    };
    const timer = setTimeout(() => fail(`did not answer within ${patience / 1000} s`), patience);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > MAX_OUTPUT) fail('gave more than a credential');
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(0, MAX_WORDS);
    });
    child.on('error', (e) => fail(`could not be run: ${e.message}`));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else fail(`ended with ${signal ?? `exit code ${code}`}${words.trim() === '' ? '' : `: ${words.trim()}`}`);
    });
  });
}

function readCredential(output: string): CredentialStatus {
  const status = statusOf(output);
  for (const key of ['token', 'clientCertificateData', 'clientKeyData', 'expirationTimestamp'] as const) {
    if (status?.[key] !== undefined && typeof status[key] !== 'string')
      throw new Error(`its exec plugin gave an ExecCredential whose ${key} is no text`);
  }
  if (status?.token === undefined && status?.clientCertificateData === undefined)
    throw new Error('what its exec plugin gave is no ExecCredential with a token or a certificate');
  return status;
}

function statusOf(output: string): CredentialStatus | undefined {
  try {
    return (JSON.parse(output) as { status?: CredentialStatus } | null)?.status ?? undefined;
  } catch {
    return undefined; // the parser's message would quote it
  }
}
