/** The one file that knows where thread entries are: beside the sources when run from them, else in the build. */
export type WorkerName = 'transform' | 'parquet' | 'store';

export function workerUrl(name: WorkerName): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return new URL(`../../workers/${name}.${ending}`, import.meta.url).href;
}
