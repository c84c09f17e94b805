import type { Manifest } from './helm.ts';
import type { KubeServer } from './servers/kube.ts';

/** Paths of the API by kind, as a real server tells them. */
export class KubeObjects {
  readonly #kube: KubeServer;
  readonly #paths = new Map<string, { readonly path: string; readonly namespaced: boolean }>();

  constructor(kube: KubeServer) {
    this.#kube = kube;
  }

  /** @param namespace for those objects that have none and belong in one */
  async path(manifest: Manifest, namespace = 'default'): Promise<string> {
    const { apiVersion, kind, metadata } = manifest;
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    if (!this.#paths.has(`${apiVersion} ${kind}`)) {
      const { resources } = (await this.#kube.must('GET', root)) as {
        resources: { name: string; kind: string; namespaced: boolean }[];
      };
      for (const { name, kind: k, namespaced } of resources)
        if (!name.includes('/')) this.#paths.set(`${apiVersion} ${k}`, { path: name, namespaced });
    }
    const found = this.#paths.get(`${apiVersion} ${kind}`);
    if (found === undefined) throw new Error(`the API server has no ${kind} in ${apiVersion}`);
    const within = found.namespaced ? `/namespaces/${metadata.namespace ?? namespace}` : '';
    return `${root}${within}/${found.path}`;
  }

  /** Creates without storing, and with a refusal of every field that is not known. @throws Error with the server's words */
  async dryRun(manifest: Manifest, namespace?: string): Promise<void> {
    await this.#kube.must(
      'POST',
      `${await this.path(manifest, namespace)}?dryRun=All&fieldValidation=Strict`,
      manifest,
    );
  }
}
