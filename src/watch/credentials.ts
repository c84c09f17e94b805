import { existsSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import type { Cluster, KubeConfig, User } from '@kubernetes/client-node';
import { errorMessage, WatershardError } from '../model/errors.ts';
import type { TlsMaterial } from './agents.ts';
import { ExecPlugin } from './exec-plugin.ts';
import { loadKubeConfigClass } from './kubeconfig-class.ts';
import { contextFault } from './kubeconfig-faults.ts';

/** Where a pod finds the token of its service account. */
const TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token';

type Tokens = typeof import('./token-file.ts');

/** What one request needs to be let in. */
export interface Access {
  /** Scheme, host, port and path prefix, without a slash at the end. */
  readonly server: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  readonly proxyUrl: string | undefined;
  /** Counts how often the credentials were read anew. */
  readonly generation: number;
}

/**
 * Where credentials come from: a kubeconfig file, or without a path KUBECONFIG, ~/.kube/config, then the pod's service
 * account. Token files, exec plugins and certificate files are asked before every request, since they can change.
 */
export class Credentials {
  readonly #path: string | undefined;
  readonly #root: string;
  readonly #Config: typeof KubeConfig;
  readonly #tokens: Tokens;
  #config: KubeConfig;
  #cluster: Cluster;
  #tokenFile: string | undefined;
  #generation = 0;
  #asking: Promise<Access> | undefined;

  private constructor(path: string | undefined, root: string, Config: typeof KubeConfig, tokens: Tokens) {
    this.#path = path;
    this.#root = root;
    this.#Config = Config;
    this.#tokens = tokens;
    this.#config = this.#read();
    this.#cluster = this.#config.getCurrentCluster() as Cluster;
  }

  /**
   * @param root a folder in which /var/run/secrets/kubernetes.io/serviceaccount is looked for
   * @throws WatershardError KUBECONFIG_INVALID
   */
  static async load(path?: string, root = ''): Promise<Credentials> {
    // Not imported at the top: commands that do not watch need not pay for it.
    return new Credentials(path, root, await loadKubeConfigClass(), await import('./token-file.ts'));
  }

  get server(): string {
    return this.#cluster.server.replace(/\/+$/, '');
  }

  /**
   * Whether they can be used, as far as that can be told without the server; to be asked before anything else starts.
   * Later the same faults are waited out, since files and plugins are renewed while a program runs.
   * @throws WatershardError KUBECONFIG_INVALID
   */
  async check(): Promise<void> {
    const fault = contextFault(this.#cluster, this.#config.getCurrentUser() as User);
    if (fault !== undefined) throw invalid(`${this.#from}, context ${this.#config.getCurrentContext()}: ${fault}`);
    try {
      await this.access();
    } catch (cause) {
      throw invalid(`${this.#from}: ${errorMessage(cause)}`, cause);
    }
  }

  /** @throws WatershardError API_UNAUTHORIZED where a plugin, a token file or a certificate file fails */
  async access(): Promise<Access> {
    // Many streams ask at once: a plugin must run once, not once a stream.
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return await this.#asking;
  }

  /**
   * Reads everything anew, for when the server refused what `access` of this generation gave.
   * @throws WatershardError API_UNAUTHORIZED where that cannot be read, as it is being written: to be tried again
   */
  reload(generation: number): void {
    if (generation !== this.#generation) return;
    try {
      this.#config = this.#read();
    } catch (cause) {
      const message = `getting credentials for ${this.#cluster.server} anew failed: ${errorMessage(cause)}`;
      throw new WatershardError('API_UNAUTHORIZED', message, { cause });
    }
    this.#cluster = this.#config.getCurrentCluster() as Cluster;
    this.#generation++;
    this.#asking = undefined;
  }

  async #ask(): Promise<Access> {
    const generation = this.#generation;
    const cluster = this.#cluster;
    const options: RequestOptions = { headers: {} };
    try {
      await this.#config.applyToHTTPSOptions(options);
      // It goes before `token`, as in kubectl.
      if (this.#tokenFile !== undefined) {
        options.headers = { ...options.headers, Authorization: `Bearer ${this.#tokens.readToken(this.#tokenFile)}` };
      }
    } catch (cause) {
      const message = `getting credentials for ${cluster.server} failed: ${errorMessage(cause)}`;
      throw new WatershardError('API_UNAUTHORIZED', message, { cause });
    }
    const headers: Record<string, string> = {};
    // A token read from a file often ends in a newline, which is not allowed in a header.
    for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
    if (options.auth) headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
    const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
    return {
      server: this.server,
      headers,
      tls: { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized },
      proxyUrl: cluster.proxyUrl,
      generation,
    };
  }

  get #from(): string {
    return this.#path ?? process.env.KUBECONFIG ?? 'the default places (~/.kube/config, service account)';
  }

  #read(): KubeConfig {
    const from = this.#from;
    const config = new this.#Config();
    // addAuthenticator would put it behind the library's own, and the first that takes the user is asked.
    (config as unknown as { authenticators: unknown[] }).authenticators.unshift(new ExecPlugin());
    try {
      if (this.#path !== undefined) config.loadFromFile(this.#path);
      else {
        config.loadFromDefault();
        if (isLastResort(config) && existsSync(`${this.#root}${TOKEN_FILE}`)) config.loadFromCluster(this.#root);
      }
    } catch (cause) {
      throw new WatershardError('KUBECONFIG_INVALID', `reading the kubeconfig ${from}: ${readFault(cause)}`);
    }
    const cluster = config.getCurrentCluster();
    if (this.#path === undefined && isLastResort(config)) {
      throw new WatershardError('KUBECONFIG_INVALID', `there is no kubeconfig: looked at ${from}`);
    }
    if (!cluster?.server || !URL.canParse(cluster.server)) {
      const context = config.getCurrentContext();
      const which = context ? `its context ${context}` : 'it has no current-context, so it';
      throw new WatershardError(
        'KUBECONFIG_INVALID',
        `the kubeconfig ${from}: ${which} names no cluster with a server`,
      );
    }
    const users = config.getUsers();
    const user = config.getCurrentUser();
    if (user === null) {
      throw new WatershardError(
        'KUBECONFIG_INVALID',
        `the kubeconfig ${from}: its context names no user among ${users.length}`,
      );
    }
    this.#tokenFile = this.#tokens.tokenFileOf(this.#path, user.name);
    // The library's agent, which is not used here, refuses plain HTTP unless this is set (kubectl proxy, simulator).
    if (cluster.server.startsWith('http:')) {
      config.clusters = config.clusters.map((c) => (c === cluster ? { ...c, skipTLSVerify: true } : c));
    }
    return config;
  }
}

/** The library ends at http://localhost:8080 where it finds nothing, which is nobody's cluster. */
function isLastResort(config: KubeConfig): boolean {
  return config.getCurrentContext() === 'loaded-context';
}

function invalid(what: string, cause?: unknown): WatershardError {
  return new WatershardError('KUBECONFIG_INVALID', `the kubeconfig ${what}`, { cause });
}

/** The parser's message shows the lines around the fault, and there may be a token in them. */
function readFault(cause: unknown): string {
  const { reason, mark } = cause as { reason?: string; mark?: { line: number; column: number } };
  if (typeof reason !== 'string') return errorMessage(cause);
  return mark === undefined ? reason : `line ${mark.line + 1}, column ${mark.column + 1}: ${reason}`;
}
