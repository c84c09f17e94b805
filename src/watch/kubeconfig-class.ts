import * as nodeModule from 'node:module';
import type { KubeConfig } from '@kubernetes/client-node';

/** In the place of what the generated client is reached through: what our two modules import of it, and nobody here calls. */
const STUBS: readonly { readonly importer: string; readonly specifier: string; readonly source: string }[] = [
  {
    importer: 'config.js',
    specifier: './gen/index.js',
    source:
      'export const createConfiguration = () => { throw new Error("the generated client is not loaded"); }; export class ServerConfiguration {}',
  },
  // Makes objects of the API's types of what is YAML; a kubeconfig has none.
  {
    importer: 'yaml.js',
    specifier: './serializer.js',
    source: 'export const ObjectSerializer = { deserialize: (data) => data };',
  },
];

let loading: Promise<typeof KubeConfig> | undefined;

/**
 * The library's KubeConfig, and its reader of YAML for whoever imports that later, without its generated client, which stands for 12 MB of heap and 0.3 s of CPU at the start; and
 * every full garbage collection of the main thread would have to go through it.
 */
export function loadKubeConfigClass(): Promise<typeof KubeConfig> {
  loading ??= load();
  return loading;
}

async function load(): Promise<typeof KubeConfig> {
  const hooks = nodeModule.registerHooks({
    resolve: (specifier, context, next) => {
      const stub = STUBS.find(
        (s) => s.specifier === specifier && context.parentURL?.endsWith(`/@kubernetes/client-node/dist/${s.importer}`),
      );
      if (stub === undefined) return next(specifier, context);
      return { url: `data:text/javascript,${encodeURIComponent(stub.source)}`, format: 'module', shortCircuit: true };
    },
  });
  try {
    await import('@kubernetes/client-node/dist/yaml.js');
    return (await import('@kubernetes/client-node/dist/config.js')).KubeConfig;
  } finally {
    hooks.deregister();
  }
}
