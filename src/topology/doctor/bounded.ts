import { type Finding, failed, thrown } from '../../model/finding.ts';

/**
 * What a check finds within its time. One that goes on after its signal was aborted is left to itself: the process ends soon.
 * @param what for the message: `exporter bus`
 */
export async function bounded(
  milliseconds: number,
  what: string,
  check: (signal: AbortSignal) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const limit = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly Finding[]>((resolve) => {
    timer = setTimeout(() => {
      const remedy = 'Check the address and the network, or give it more time with --timeout.';
      resolve([failed(`${what} did not answer within ${milliseconds / 1000} s`, remedy)]);
      limit.abort(new Error(`not within ${milliseconds / 1000} s`));
    }, milliseconds);
  });
  try {
    return await Promise.race([check(limit.signal).catch((e: unknown) => [thrown(e)]), late]);
  } finally {
    clearTimeout(timer);
  }
}
