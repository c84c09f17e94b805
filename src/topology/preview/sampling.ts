import { WatershardError } from '../../model/errors.ts';
import { scanList } from '../../model/list-scan.ts';
import type { Stream } from '../../model/resource.ts';
import { type ApiClient, readStatus } from '../../watch/api-client.ts';
import { statusError } from '../../watch/api-status.ts';
import { acceptHeader, pagePath, watchPath } from '../../watch/request-path.ts';
import { type Split, Splitter } from '../../watch/splitter.ts';

export interface Sample {
  readonly page: Uint8Array<ArrayBuffer>;
  readonly resourceVersion: string;
  /** Objects behind those of the page; undefined where the server does not say. */
  readonly remaining: number | undefined;
}

/** The first page. @throws WatershardError API_* */
export async function readSample(api: ApiClient, stream: Stream, limit: number, signal: AbortSignal): Promise<Sample> {
  const headers = { Accept: acceptHeader(stream, true) };
  const answer = await api.get(pagePath(stream, limit, ''), { signal, headers });
  if (answer.status !== 200) throw statusError(await readStatus(answer), `listing ${stream.id}`);
  const page = new Uint8Array(await answer.body.arrayBuffer());
  const list = scanList(page);
  if (list === undefined) throw new WatershardError('API_STATUS', `listing ${stream.id}: the answer is not a list`);
  return { page, resourceVersion: list.resourceVersion, remaining: list.continue === '' ? 0 : list.remaining };
}

/** Hands over what a watch brings until the signal is aborted. @throws WatershardError API_*, WATCH_EXPIRED where it ends early */
export async function readChanges(
  api: ApiClient,
  stream: Stream,
  resourceVersion: string,
  signal: AbortSignal,
  take: (split: Split) => void,
): Promise<void> {
  const headers = { Accept: acceptHeader(stream, false) };
  const doing = `watching ${stream.id}`;
  try {
    const answer = await api.get(watchPath(stream, resourceVersion, 3600), { signal, headers });
    if (answer.status !== 200) throw statusError(await readStatus(answer), doing);
    const splitter = new Splitter();
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      splitter.push(chunk);
      for (let split = splitter.next(); split !== undefined; split = splitter.next()) take(split);
    }
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
}
