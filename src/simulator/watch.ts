import type { ServerResponse } from 'node:http';
import { apiVersion } from '../model/resource.ts';
import { type BodyWriter, writeSnapshot } from './body-writer.ts';
import type { Cluster } from './cluster.ts';
import { wholeNumber } from './list.ts';
import { ApiStatus, badRequest, expired } from './refusal.ts';
import { envelope } from './renderer.ts';
import type { Snapshot } from './table.ts';
import { emptyMoment } from './template-fields.ts';
import { type View, visible } from './view.ts';

const EVENTS = ['ADDED', 'MODIFIED', 'DELETED'].map((type) => envelope(`{"type":"${type}","object":`, '}\n'));

export interface WatchOptions {
  readonly streamingLists: boolean;
  /** A slow reader has caught up with the ring. */
  readonly onProgress: () => void;
  readonly onEnd: (watch: Watch) => void;
}

/**
 * One watch connection: a cursor into the resource's ring. It renders only what its reader takes, and ends, as the API
 * server's watches do, when the reader falls further behind than the ring is long.
 */
export class Watch {
  readonly view: View;
  readonly #response: ServerResponse;
  readonly #writer: BodyWriter;
  readonly #options: WatchOptions;
  readonly #bookmarks: boolean;
  readonly #moment = emptyMoment();
  #cursor = 0;
  /** `blocked`: the reader is behind. */
  #phase: 'initial' | 'open' | 'blocked' = 'initial';
  #ended = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    response: ServerResponse,
    writer: BodyWriter,
    view: View,
    options: WatchOptions,
    bookmarks: boolean,
  ) {
    this.view = view;
    this.#response = response;
    this.#writer = writer;
    writer.onRelease = () => this.#resume();
    this.#options = options;
    this.#bookmarks = bookmarks;
  }

  static start(
    response: ServerResponse,
    writer: BodyWriter,
    view: View,
    query: URLSearchParams,
    cluster: Cluster,
    options: WatchOptions,
  ): Watch {
    const bookmarks = isTrue(query.get('allowWatchBookmarks'));
    const watch = new Watch(response, writer, view, options, bookmarks);
    const position = startOf(query, view, cluster, options.streamingLists);
    const seconds = wholeNumber(query, 'timeoutSeconds') || 1800 + Math.floor(Math.random() * 1800);
    response.setHeader('content-type', 'application/json');
    response.flushHeaders();
    response.on('drain', () => watch.#resume());
    response.on('close', () => watch.end());
    response.on('error', () => watch.end());
    watch.#timer = setTimeout(() => watch.end(), seconds * 1000);
    if (position.refusal !== undefined) {
      watch.#fail(position.refusal);
    } else if (position.snapshot !== undefined) {
      void watch.#initialEvents(position.snapshot, position.streaming && bookmarks);
    } else {
      watch.#cursor = view.served.table.after(position.after);
      watch.#phase = 'open';
      watch.pump();
    }
    return watch;
  }

  /** Events that the reader has not been given. */
  get behind(): number {
    return this.#ended || this.#phase === 'initial' ? 0 : this.view.served.table.next - this.#cursor;
  }

  /** Writes what the reader takes of the events that are new to it. */
  pump(): void {
    if (this.#phase === 'initial' || this.#ended) return;
    const table = this.view.served.table;
    if (this.#cursor < table.first) {
      this.end();
      return;
    }
    if (this.#phase === 'blocked') return;
    if (!this.#writer.flush()) {
      this.#phase = 'blocked';
      return;
    }
    while (this.#cursor < table.next) {
      while (this.#cursor < table.next && !this.#writer.full) {
        const type = table.readEvent(this.#cursor++, this.#moment);
        const template = visible(this.view, this.#moment);
        if (template !== undefined) this.#writer.object(template.form.whole, template, EVENTS[type]!, this.#moment);
      }
      if (!this.#writer.flush()) {
        this.#phase = 'blocked';
        return;
      }
    }
  }

  /** Renders what is new from now on, and keeps it. */
  hold(): void {
    this.#writer.hold();
  }

  /** Sends what was kept, as it is read. */
  release(): void {
    this.#writer.release();
  }

  /** Says how far the resource is, where the reader asked for bookmarks and is up to date. */
  bookmark(resourceVersion: number): void {
    this.pump();
    if (!this.#bookmarks || this.#phase !== 'open' || this.#ended) return;
    this.#writeBookmark(resourceVersion, false);
    if (!this.#writer.flush()) this.#phase = 'blocked';
  }

  /** Ends the response as a timeout does. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#writer.end();
    this.#options.onEnd(this);
  }

  /** Breaks the connection off. */
  destroy(): void {
    this.#response.destroy();
    this.end();
  }

  async #initialEvents(snapshot: Snapshot, sayEnd: boolean): Promise<void> {
    const whole = await writeSnapshot(this.#writer, this.view, snapshot, 0, (template, moment) => {
      this.#writer.object(template.form.whole, template, EVENTS[0]!, moment);
    });
    if (!whole || this.#ended) return this.end();
    if (sayEnd) this.#writeBookmark(snapshot.resourceVersion, true);
    this.#cursor = snapshot.next;
    this.#phase = 'blocked';
    if (this.#writer.flush()) this.#resume();
  }

  #resume(): void {
    if (this.#phase === 'initial') return;
    this.#phase = 'open';
    this.pump();
    this.#options.onProgress();
  }

  #writeBookmark(resourceVersion: number, initialEventsEnd: boolean): void {
    const { resource } = this.view.served;
    const [kind, version] = this.view.metadataOnly
      ? ['PartialObjectMetadata', 'meta.k8s.io/v1']
      : [resource.kind, apiVersion(resource)];
    const annotations = initialEventsEnd ? ',"annotations":{"k8s.io/initial-events-end":"true"}' : '';
    this.#writer.text(
      `{"type":"BOOKMARK","object":{"kind":"${kind}","apiVersion":"${version}","metadata":{"resourceVersion":"${resourceVersion}","creationTimestamp":null${annotations}}}}\n`,
    );
  }

  #fail(status: ApiStatus): void {
    this.#writer.text(`${JSON.stringify({ type: 'ERROR', object: status })}\n`);
    this.end();
  }
}

interface Start {
  readonly after: number;
  readonly snapshot?: Snapshot;
  readonly streaming: boolean;
  /** Said in an ERROR event, as the watch cache does. */
  readonly refusal?: ApiStatus;
}

function startOf(query: URLSearchParams, view: View, cluster: Cluster, streamingLists: boolean): Start {
  const asked = query.get('resourceVersion') ?? '';
  if (asked !== '' && !/^\d+$/.test(asked)) throw badRequest(`Invalid value: "${asked}": resourceVersion`);
  const after = Number(asked);
  const { table } = view.served;
  const initial = query.get('sendInitialEvents');
  if (initial !== null) {
    if (!streamingLists)
      throw invalid('sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled');
    if (query.get('resourceVersionMatch') !== 'NotOlderThan')
      throw invalid('resourceVersionMatch is required to be "NotOlderThan" where sendInitialEvents is set');
  }
  const current = cluster.resourceVersion;
  const streaming = isTrue(initial);
  if (after > current)
    return {
      after,
      streaming,
      refusal: new ApiStatus(504, 'Timeout', `Too large resource version: ${asked}, current: ${current}`),
    };
  if (streaming || (initial === null && after === 0)) return { after, streaming, snapshot: table.snapshot(current) };
  if (after < table.compacted)
    return { after, streaming, refusal: expired(`too old resource version: ${asked} (${table.compacted})`) };
  return { after, streaming };
}

function invalid(message: string): ApiStatus {
  return new ApiStatus(422, 'Invalid', `ListOptions.meta.k8s.io "" is invalid: ${message}`);
}

export function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}
