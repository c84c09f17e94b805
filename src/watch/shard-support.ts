import { WatershardError } from '../model/errors.ts';
import type { ListScan } from '../model/list-scan.ts';
import type { Stream } from '../model/resource.ts';
import { isSelectorOf, shardSelector } from '../model/watch-shard.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ApiStatus } from './api-status.ts';

/** Who leaves out the objects of other shards: the API server, as far as it says so, or we alone. */
export type ShardedBy = 'server' | 'client';

const REMEMBERED_MS = 3_600_000;
const SAID = {
  server: 'the API server honours shardSelector: it sends the objects of this shard only',
  client:
    'the API server does not say that it honours shardSelector: what it sends of other shards is left out here; said once, watershard_watch_shard_honoured tells it of each stream',
} as const;

/**
 * Of one cluster: where shardSelector was refused, which an alpha parameter may be. By API group, as each may have a server of
 * its own; for an hour, as servers are upgraded.
 */
export class ShardSupport {
  readonly #refused = new Map<string, number>();
  readonly #said = new Set<ShardedBy>();

  refuse(group: string, now: number): void {
    this.#refused.set(group, now);
  }

  works(group: string, now: number): boolean {
    const at = this.#refused.get(group);
    if (at === undefined || now - at >= REMEMBERED_MS) this.#refused.delete(group);
    return !this.#refused.has(group);
  }

  /** Once each: a cluster has hundreds of streams. */
  say(by: ShardedBy, stream: string, logger: Logger): void {
    if (this.#said.has(by)) return;
    this.#said.add(by);
    logger.info({ stream, shardedBy: by }, SAID[by]);
  }
}

export interface StreamShardOptions {
  readonly support: ShardSupport;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

/**
 * What one stream asks of its shard, and what the API server answers. Only a list says whether the selector was honoured
 * (`metadata.shardInfo`, KEP-5866), so that a stream with a shard lists in pages, which all say it, and not by a watch.
 */
export class StreamShard {
  readonly stream: Stream;
  readonly #whole: Stream;
  readonly #o: StreamShardOptions;
  #by: ShardedBy | undefined;

  constructor(stream: Stream, options: StreamShardOptions) {
    const { shard: _, ...whole } = stream;
    this.stream = stream;
    this.#whole = whole;
    this.#o = options;
  }

  /** The stream is limited to a shard. */
  get isSet(): boolean {
    return this.stream.shard !== undefined;
  }

  /** By the last list; undefined without a shard, and before a list. */
  get by(): ShardedBy | undefined {
    return this.#by;
  }

  /** What to ask for. */
  get asked(): Stream {
    if (!this.isSet || this.#o.support.works(this.stream.resource.group, Date.now())) return this.stream;
    return this.#whole;
  }

  /** @returns why a list must not be taken: it is of another shard, and what it lacks would be taken for deleted */
  mismatch(list: Pick<ListScan, 'shardSelector'>): WatershardError | undefined {
    const { shard } = this.stream;
    if (shard === undefined) return undefined;
    const { metrics, support, logger } = this.#o;
    const { id } = this.stream;
    const echo = list.shardSelector;
    if (echo !== '' && !isSelectorOf(echo, shard)) {
      metrics.watchShardMismatches.inc({ stream: id });
      const text = `listing ${id}: the answer is of the shard ${echo}, and ${shardSelector(shard)} was asked for`;
      return new WatershardError('SHARD_MISMATCH', text);
    }
    this.#by = echo === '' ? 'client' : 'server';
    metrics.watchShardHonoured.set({ stream: id }, this.#by === 'server' ? 1 : 0);
    support.say(this.#by, id, logger);
    return undefined;
  }

  /** A refusal may be one of the selector: it is left out for a time, and the objects of other shards are left out here. */
  refused({ code, message }: ApiStatus): void {
    if (!this.isSet || code < 400 || code === 410 || !/shard ?selector/i.test(message)) return;
    this.#o.support.refuse(this.stream.resource.group, Date.now());
  }

  ended(): void {
    if (this.isSet) this.#o.metrics.watchShardHonoured.remove({ stream: this.stream.id });
  }
}
