import * as nodeModule from 'node:module';
import type { KubeConfig } from '@kubernetes/client-node';

/** What config.js needs of the generated client, to make API clients of, which nobody here asks it for. */
const STUB = `data:text/javascript,${encodeURIComponent(
  'export const createConfiguration = () => { throw new Error("the generated client is not loaded"); }; export class ServerConfiguration {}',
)}`;

let loading: Promise<typeof KubeConfig> | undefined;

/**
 * The library's KubeConfig without its generated client, which stands for 12 MB of heap and 0.3 s of CPU at the start; and
 * every full garbage collection of the main thread would have to go through it.
 */
export function loadKubeConfigClass(): Promise<typeof KubeConfig> {
  loading ??= load();
  return loading;
}

async function load(): Promise<typeof KubeConfig> {
  const hooks = nodeModule.registerHooks({
    resolve: (specifier, context, next) =>
      specifier === './gen/index.js' && context.parentURL?.endsWith('/@kubernetes/client-node/dist/config.js') === true
        ? { url: STUB, format: 'module', shortCircuit: true }
        : next(specifier, context),
  });
  try {
    return (await import('@kubernetes/client-node/dist/config.js')).KubeConfig;
  } finally {
    hooks.deregister();
  }
}
