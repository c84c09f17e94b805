import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, WatershardError } from '../model/errors.ts';
import { readText } from './source.ts';

/** Two reads this far apart have to agree: one in the middle of a write is not the file. */
const SETTLE_MS = 100;
/** For file systems that tell of no change, and for a link whose target lies elsewhere. */
const POLL_MS = 10_000;

export interface ConfigFileEvents {
  /** What the file says now. Called where that differs from before, and after `ask` in any case. */
  text(text: string): void;
  /** It cannot be read, in two looks in a row: once each time. */
  unreadable(error: WatershardError): void;
  /** Changes are not told of on this system, so they are found by looking. */
  polling(reason: string): void;
}

/**
 * Tells when the contents of a file change. The folder is watched and not the file: an editor puts another file in its
 * place, and a mounted ConfigMap is a link to a link (`..data`) that is swapped.
 */
export class ConfigFile {
  readonly #file: string;
  readonly #events: ConfigFileEvents;
  readonly #pollMs: number;
  #seen: string;
  #faults = 0;
  #asked = false;
  #looking = false;
  #again = false;
  #closed = false;
  #watcher: FSWatcher | undefined;
  #poll: NodeJS.Timeout | undefined;

  /** @param text what the file said when it was read */
  constructor(file: string, text: string, events: ConfigFileEvents, pollMs = POLL_MS) {
    this.#file = file;
    this.#seen = text;
    this.#events = events;
    this.#pollMs = pollMs;
  }

  start(): void {
    this.#poll = setInterval(() => this.#look(), this.#pollMs).unref();
    try {
      this.#watcher = watch(dirname(this.#file), { persistent: false }, (_, name) => {
        // Everything else in the folder may change often: the state can lie there.
        if (name === null || name === basename(this.#file) || name.startsWith('..')) this.#look();
      });
      this.#watcher.on('error', (e) => this.#unwatched(e));
    } catch (e) {
      this.#unwatched(e);
    }
    this.#look(); // it may have changed since it was read
  }

  /** Looks now, and tells of what it finds also where that is what was there before. */
  ask(): void {
    this.#asked = true;
    this.#faults = 0;
    this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#watcher?.close();
    clearInterval(this.#poll);
  }

  #unwatched(e: unknown): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    if (!this.#closed) this.#events.polling(errorMessage(e));
  }

  #look(): void {
    if (this.#looking) this.#again = true;
    else void this.#lookUntilStill();
  }

  async #lookUntilStill(): Promise<void> {
    this.#looking = true;
    do {
      this.#again = false;
      const first = this.#read();
      if (first === this.#seen && !this.#asked) {
        this.#faults = 0;
        continue;
      }
      await sleep(SETTLE_MS, undefined, { ref: false });
      if (this.#closed) return;
      const second = this.#read();
      if (second instanceof WatershardError) {
        // An editor and a swap leave it missing for a moment.
        if (++this.#faults === 2) this.#events.unreadable(second);
        if (this.#faults < 2) this.#again = true;
      } else if (second !== first) this.#again = true;
      else {
        this.#faults = 0;
        this.#asked = false;
        this.#seen = second;
        this.#events.text(second);
      }
    } while (this.#again && !this.#closed);
    this.#looking = false;
  }

  #read(): string | WatershardError {
    // A pipe can be read once, and to open it again can block for ever.
    if (statSync(this.#file, { throwIfNoEntry: false })?.isFile() === false) return this.#seen;
    try {
      return readText(this.#file);
    } catch (e) {
      if (e instanceof WatershardError) return e;
      throw e;
    }
  }
}
