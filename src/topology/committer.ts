import { codedMessage, type WatershardError } from '../model/errors.ts';
import { isFinal } from '../state/session-health.ts';
import type { StateSession, StreamCommit } from '../state/state.ts';
import type { Logger } from '../telemetry/logger.ts';
import { backoff, pause } from './pause.ts';

/** What has a position to commit. */
export interface Committable {
  /** What may be committed now, or undefined. The same is asked for again until `committed` or `restarted`. */
  takeCommit(): PendingCommit | undefined;
}

export interface PendingCommit {
  readonly commit: StreamCommit;
  /** It is durable. */
  readonly done: () => void;
}

/** Time between two commits: long enough to gather what many streams have, short beside a rotation interval. */
const INTERVAL_MS = 50;

/**
 * Commits positions together with known objects, all streams that have moved in one go, and repeats what failed until it
 * succeeds: nothing is read on a position that was not stored.
 */
export class Committer {
  #session: Pick<StateSession, 'commit'>;
  readonly #logger: Logger;
  readonly #onFatal: (error: WatershardError) => void;
  readonly #dirty = new Set<Committable>();
  #stop = new AbortController();
  #wake: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  lastCommitAt: number | undefined;
  trouble: string | undefined;

  /** @param onFatal the state is lost or held by another process: this run is over */
  constructor(session: StateSession, logger: Logger, onFatal: (error: WatershardError) => void) {
    this.#session = session;
    this.#logger = logger;
    this.#onFatal = onFatal;
  }

  start(): void {
    this.#running = this.#loop();
  }

  /** Goes on with another state, after the last one was lost. */
  async use(session: Pick<StateSession, 'commit'>): Promise<void> {
    await this.stop();
    this.#stop = new AbortController();
    this.#session = session;
    this.trouble = undefined;
    this.start();
  }

  /** Something of this stream may have become committable. Cheap. */
  poke(stream: Committable): void {
    this.#dirty.add(stream);
    this.#wake?.();
  }

  /** Runs while no commit is under way: for whoever reads the state in order to begin a stream again. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work);
    this.#turn = mine.catch(() => undefined); // whoever asked for it sees the error
    return mine;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake?.();
    await this.#running;
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      if (this.#dirty.size === 0) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
        continue;
      }
      const going = await this.exclusive(async () => {
        const streams = [...this.#dirty];
        this.#dirty.clear();
        const pending = streams.map((s) => s.takeCommit()).filter((c) => c !== undefined);
        return pending.length === 0 || (await this.#commit(pending));
      });
      if (!going) return;
      await pause(INTERVAL_MS, this.#stop.signal);
    }
  }

  /** @returns false where this run is over */
  async #commit(pending: readonly PendingCommit[]): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#session.commit(pending.map((p) => p.commit));
        if (this.trouble !== undefined) this.#logger.info('the state can be written again');
        this.trouble = undefined;
        this.lastCommitAt = Date.now();
        for (const p of pending) p.done();
        return true;
      } catch (e) {
        if (isFinal(e)) {
          this.#onFatal(e);
          return false;
        }
        if (this.trouble === undefined)
          this.#logger.warn({ err: codedMessage(e) }, 'positions cannot be committed; trying again');
        this.trouble = codedMessage(e);
        if (this.#stop.signal.aborted) return false;
        await pause(backoff(attempt), this.#stop.signal);
      }
    }
  }
}
