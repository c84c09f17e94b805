import type { SqsConfig } from './config.ts';

export interface QueuePlace {
  readonly name: string;
  /** Undefined where it has to be asked for. */
  readonly url: string | undefined;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly fifo: boolean;
}

/** Addresses of SQS itself, its older ones and those of private endpoints included. */
const HOSTS = [
  /^sqs(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/,
  /^([a-z0-9-]+)\.queue\.amazonaws\.com(?:\.cn)?$/,
  /\.sqs\.([a-z0-9-]+)\.vpce\.amazonaws\.com(?:\.cn)?$/,
];

/** What the setting `queue`, a URL or a name, says of where the queue is. */
export function queuePlace({ queue, endpoint }: Pick<SqsConfig, 'queue' | 'endpoint'>): QueuePlace {
  const fifo = queue.endsWith('.fifo');
  const url = URL.parse(queue);
  if (url === null) return { name: queue, url: undefined, endpoint, region: undefined, fifo };
  return {
    name: url.pathname.split('/').at(-1) ?? '',
    url: queue,
    endpoint: endpoint ?? url.origin,
    region: regionOf(url.hostname),
    fifo,
  };
}

function regionOf(host: string): string | undefined {
  if (host === 'queue.amazonaws.com') return 'us-east-1';
  return HOSTS.map((pattern) => pattern.exec(host)?.[1]).find((region) => region !== undefined);
}
