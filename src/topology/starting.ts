import { asError, type WatershardError } from '../model/errors.ts';
import type { Outlet } from './outlet.ts';

/**
 * Starts the exporters, and waits for the required ones. An optional sink that is away holds up nothing, but a setting of it
 * that cannot work is said at once.
 * @returns `all` is fulfilled once the optional ones have started too, and never where one fails or the signal is aborted
 */
export async function startExporters(
  outlets: readonly Outlet[],
  signal: AbortSignal,
  onFailed: (error: WatershardError) => void,
): Promise<{ readonly all: Promise<void> }> {
  const start = async (outlet: Outlet): Promise<void> => {
    try {
      await outlet.exporter.start(signal);
    } catch (e) {
      if (!signal.aborted) throw e;
    }
  };
  const optional = outlets.filter((o) => !o.required).map(start);
  for (const started of optional) started.catch((e: unknown) => onFailed(asError(e)));
  await Promise.all(outlets.filter((o) => o.required).map(start));
  const all = new Promise<void>((resolve) => {
    const done = (): void => {
      if (!signal.aborted) resolve();
    };
    void Promise.all(optional).then(done, () => undefined); // told by onFailed
  });
  return { all };
}
