import { join } from 'node:path';
import { errorMessage, WatershardError } from '../../model/errors.ts';
import type { Position } from '../../model/position.ts';
import type { Thread } from '../../model/thread.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { SessionHealth } from '../session-health.ts';
import { spent } from '../spent.ts';
import type { StateIdentity, StateSession, StateStore, StreamCommit } from '../state.ts';
import { Folding } from './folding.ts';
import type { KnownChunk, KnownCursor, Opened, StoreAnswer, StoreTask } from './protocol.ts';

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** Opens a thread of workers/store.ts. */
  readonly openThread: () => Thread;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** The state in `<dataDir>/state.db`, in a thread of its own. */
export class EmbeddedStateStore implements StateStore {
  readonly kind = 'embedded';
  readonly #options: EmbeddedOptions;

  constructor(options: EmbeddedOptions) {
    this.#options = options;
  }

  async open(identity: StateIdentity): Promise<StateSession> {
    const database = new RemoteDatabase(this.#options, identity);
    try {
      return new EmbeddedSession(database, await database.open(), this.#options);
    } catch (e) {
      await database.close();
      throw e;
    }
  }
}

/** The database as the main thread sees it. A thread that crashed is replaced, and the file opened again, at the next task. */
class RemoteDatabase {
  readonly #options: EmbeddedOptions;
  readonly #open: StoreTask & { op: 'open' };
  #thread: Thread | undefined;
  /** Tasks run in the order they were asked for, also around an opening. */
  #last: Promise<unknown> = Promise.resolve();
  #epoch: string | undefined;

  constructor(options: EmbeddedOptions, identity: StateIdentity) {
    this.#options = options;
    this.#open = { op: 'open', file: join(options.dataDir, 'state.db'), identity };
  }

  async open(): Promise<Opened> {
    this.#thread = this.#options.openThread();
    const opened = await this.#run<Opened>(this.#thread, this.#open);
    if (this.#epoch !== undefined && this.#epoch !== opened.epoch) {
      throw new WatershardError('STATE_LOST', `opening the state file ${this.#open.file} again: it is another one`);
    }
    this.#epoch = opened.epoch;
    return opened;
  }

  async run<Value>(task: StoreTask): Promise<Value> {
    const turn = this.#last.then(async () => {
      if (this.#thread === undefined) await this.open();
      return await this.#run<Value>(this.#thread!, task);
    });
    // Whoever asked sees the failure; here it only must not stop the next task.
    this.#last = turn.catch(() => undefined);
    return await turn;
  }

  async close(clean = false): Promise<void> {
    await this.#last;
    const thread = this.#thread;
    this.#thread = undefined;
    if (thread === undefined) return;
    try {
      await thread.run<StoreAnswer>({ op: 'close', clean } satisfies StoreTask);
    } catch (e) {
      this.#options.logger.debug(
        { reason: errorMessage(e) },
        'the store thread ended before the state file was closed',
      );
    }
    await thread.close();
  }

  async #run<Value>(thread: Thread, task: StoreTask): Promise<Value> {
    let answer: StoreAnswer;
    try {
      // Deltas are copied and not transferred: the caller needs them again when the commit fails.
      answer = await thread.run<StoreAnswer>(task);
    } catch (e) {
      this.#thread = undefined;
      this.#options.logger.warn({ reason: errorMessage(e) }, 'the store thread ended; it is replaced');
      await thread.close();
      throw new WatershardError(
        'STATE_UNAVAILABLE',
        `${task.op} on the state file ${this.#open.file}: its thread ended`,
        { cause: e },
      );
    }
    if (!answer.ok) throw new WatershardError(answer.code, answer.message);
    return answer.value as Value;
  }
}

class EmbeddedSession implements StateSession {
  readonly epoch: string;
  readonly fresh: boolean;
  #clean: boolean;
  readonly #database: RemoteDatabase;
  readonly #health: SessionHealth;
  readonly #folding: Folding;
  /** Streams whose commit failed without telling whether it was done. */
  readonly #inDoubt = new Set<string>();
  #closed = false;

  constructor(database: RemoteDatabase, { epoch, fresh, clean }: Opened, { metrics, logger }: EmbeddedOptions) {
    this.#database = database;
    this.#folding = new Folding(() => database.run<boolean>({ op: 'fold' }), logger);
    this.epoch = epoch;
    this.fresh = fresh;
    this.#clean = clean;
    this.#health = new SessionHealth(metrics);
  }

  get clean(): boolean {
    return this.#clean;
  }

  async positions(): Promise<Map<string, Position>> {
    this.#health.check();
    return await this.#database.run({ op: 'positions' });
  }

  async *known(stream: string): AsyncGenerator<ArrayBuffer> {
    let after: KnownCursor | undefined;
    do {
      this.#health.check();
      const chunk: KnownChunk = await this.#database.run({ op: 'known', stream, after });
      if (chunk.packed.byteLength > 0) yield chunk.packed;
      after = chunk.after;
    } while (after !== undefined);
  }

  async commit(commits: readonly StreamCommit[]): Promise<void> {
    if (commits.length === 0) return;
    await this.#health.commit(async () => {
      const inDoubt = commits.map((c) => c.stream).filter((stream) => this.#inDoubt.has(stream));
      for (const { stream } of commits) this.#inDoubt.add(stream);
      try {
        if (await this.#database.run<boolean>({ op: 'commit', commits, inDoubt })) this.#folding.wake();
      } catch (e) {
        // All but a thread that ended is an answer: the transaction was rolled back.
        if (e instanceof WatershardError && e.cause === undefined)
          for (const { stream } of commits) if (!inDoubt.includes(stream)) this.#inDoubt.delete(stream);
        throw e;
      }
      for (const { stream } of commits) this.#inDoubt.delete(stream);
      spent(commits);
    });
  }

  async forget(stream: string): Promise<void> {
    this.#health.check();
    await this.#database.run({ op: 'forget', stream });
    this.#inDoubt.delete(stream);
  }

  /** The kernel keeps the file for this process for as long as it lives, also while it stands still. */
  async confirm(): Promise<void> {
    this.#health.check();
  }

  trouble(): string | undefined {
    return this.#health.trouble();
  }

  ended(): WatershardError | undefined {
    return this.#health.ended();
  }

  handOver(clean: boolean): boolean {
    this.#clean = clean;
    return this.#health.well && this.#inDoubt.size === 0;
  }

  async close(clean = false): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#health.end(new WatershardError('STATE_UNAVAILABLE', 'the state file was closed'));
    await this.#folding.stop();
    await this.#database.close(clean);
  }
}
