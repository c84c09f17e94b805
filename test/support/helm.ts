import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments, stringify } from 'yaml';
import { tool } from '../../tools/servers/k8s-tools.mjs';
import { temporaryFolder } from './servers/process.ts';

export const CHART = fileURLToPath(new URL('../../k8s/chart', import.meta.url));

/** An object of Kubernetes as a chart writes it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels: Record<string, string>;
    readonly annotations?: Record<string, string>;
    /** Of one that a server has. */
    readonly uid?: string;
  };
  // biome-ignore lint/suspicious/noExplicitAny: objects of every kind pass through tests as they are
  readonly [key: string]: any;
}

/** The least that the chart needs, with more of it. */
export function values(config: Record<string, unknown> = {}, more: Record<string, unknown> = {}): object {
  const bus = { name: 'bus', type: 'jetstream', servers: ['nats://nats:4222'], stream: 'K8S' };
  return { config: { cluster: { name: 'demo' }, exporters: [bus], ...config }, ...more };
}

/** All that can be switched on. */
export const EVERYTHING = values(
  { rules: [{ resources: ['pods'], extract: { phase: 'object.status.phase' } }] },
  {
    env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } }],
    envFrom: [{ secretRef: { name: 's' } }],
    secretFiles: [{ name: 'creds', secretName: 'c', mountPath: '/var/run/secrets/watershard/creds' }],
    extraVolumes: [{ name: 'more', emptyDir: {} }],
    extraVolumeMounts: [{ name: 'more', mountPath: '/more' }],
    serviceAccount: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/w' } },
    commonLabels: { team: 'platform' },
    priorityClassName: 'system-cluster-critical',
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    tolerations: [{ key: 'infra', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
    ],
    networkPolicy: {
      enabled: true,
      from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
      egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
    },
    snapshot: { enabled: true, timeZone: 'Etc/UTC' },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    prometheusRule: { enabled: true, disabled: ['WatershardAbsent'] },
    dashboard: { enabled: true },
  },
);

/** Helm 4, with a home of its own for the length of a test file. */
export class Helm {
  readonly #folder = temporaryFolder('helm');
  readonly #kubeconfig: string | undefined;
  #files = 0;

  constructor(kubeconfig?: string) {
    this.#kubeconfig = kubeconfig;
  }

  /** @returns the exit code and both outputs */
  try(args: readonly string[], given?: object): { code: number | null; output: string; errors: string } {
    const file = join(this.#folder, `values-${this.#files++}.yaml`);
    if (given !== undefined) writeFileSync(file, stringify(given));
    const home = (name: string): string => join(this.#folder, name);
    const result = spawnSync(tool('helm'), [...args, ...(given === undefined ? [] : ['--values', file])], {
      encoding: 'utf8',
      maxBuffer: 64 * 2 ** 20,
      env: {
        ...process.env,
        KUBECONFIG: this.#kubeconfig ?? home('none'),
        HELM_CACHE_HOME: home('cache'),
        HELM_CONFIG_HOME: home('config'),
        HELM_DATA_HOME: home('data'),
      },
    });
    if (result.error !== undefined) throw result.error;
    return { code: result.status, output: result.stdout, errors: result.stderr };
  }

  /** @throws Error with what Helm has said */
  run(args: readonly string[], given?: object): string {
    const { code, output, errors } = this.try(args, given);
    if (code !== 0) throw new Error(`helm ${args.join(' ')}: ${errors || output}`);
    return output;
  }

  template(given: object, ...args: string[]): Manifest[] {
    const text = this.run(['template', 'w', CHART, '--namespace', 'ns', '--kube-version', '1.35.4', ...args], given);
    return parseAllDocuments(text)
      .map((document) => {
        if (document.errors.length > 0) throw document.errors[0];
        return document.toJS() as Manifest | null;
      })
      .filter((manifest) => manifest !== null);
  }
}

export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((m) => m.kind === kind && (name === undefined || m.metadata.name === name));
  if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name ?? ''}`);
  return found[0]!;
}
