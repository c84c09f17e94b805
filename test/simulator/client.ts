import { request } from 'undici';

export interface Seen {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items?: Seen[];
  readonly code?: number;
  readonly reason?: string;
  readonly status?: { readonly phase?: string };
}

export interface WatchEvent {
  readonly type: string;
  readonly object: Seen;
}

export async function getJson<T = Seen>(
  url: string,
  accept = 'application/json',
): Promise<{ status: number; body: T; type: string }> {
  const answer = await request(url, { headers: { accept } });
  return {
    status: answer.statusCode,
    body: (await answer.body.json()) as T,
    type: String(answer.headers['content-type']),
  };
}

/** Reads a watch as its lines come, until it ends or the caller stops. */
export async function* watchEvents(url: string, accept = 'application/json'): AsyncGenerator<WatchEvent> {
  const { body } = await request(url, { headers: { accept }, bodyTimeout: 0 });
  let rest = '';
  body.setEncoding('utf8');
  for await (const text of body) {
    const lines = (rest + (text as string)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as WatchEvent;
  }
}

export function keyOf(o: Seen): string {
  return `${o.metadata.namespace ?? ''}/${o.metadata.name}`;
}
