import { WatershardError } from '../../model/errors.ts';
import { scanList } from '../../model/list-scan.ts';
import type { Stream } from '../../model/resource.ts';
import type { ApiClient } from '../../watch/api-client.ts';
import { readPage, readWatch } from '../../watch/one-request.ts';
import { acceptHeader, pagePath, watchPath } from '../../watch/request-path.ts';
import type { Split } from '../../watch/splitter.ts';

/** Longer than anybody watches for. */
const WATCH_SECONDS = 86_400;

export interface Sample {
  readonly page: Uint8Array<ArrayBuffer>;
  readonly resourceVersion: string;
  /** Objects behind those of the page; undefined where the server does not say. */
  readonly remaining: number | undefined;
}

/** The first page. @throws WatershardError API_* */
export async function readSample(api: ApiClient, stream: Stream, limit: number, signal: AbortSignal): Promise<Sample> {
  const doing = `listing ${stream.id}`;
  const path = pagePath(stream, limit, '');
  const page = await readPage(api, { path, accept: acceptHeader(stream, true), doing, signal });
  const list = scanList(page);
  if (list === undefined) throw new WatershardError('API_STATUS', `${doing}: the answer is not a list`);
  return { page, resourceVersion: list.resourceVersion, remaining: list.continue === '' ? 0 : list.remaining };
}

/** Hands over what a watch brings until the signal is aborted. @throws WatershardError API_*, WATCH_EXPIRED where it fails before */
export async function readChanges(
  api: ApiClient,
  stream: Stream,
  resourceVersion: string,
  signal: AbortSignal,
  take: (split: Split) => void,
): Promise<void> {
  const path = watchPath(stream, resourceVersion, WATCH_SECONDS);
  const request = { path, accept: acceptHeader(stream, false), doing: `watching ${stream.id}`, signal };
  try {
    await readWatch(api, { ...request, take: (split) => void take(split) });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
