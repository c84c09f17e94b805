import { WatershardError } from '../../model/errors.ts';
import { spent } from '../spent.ts';
import { EmbeddedDatabase } from './database.ts';
import type { StoreAnswer, StoreTask } from './protocol.ts';
import { sqliteError } from './sqlite-error.ts';

/** What runs in the store thread: one database, one task at a time. A thread that was replaced has none open. */
export class StoreThread {
  #database: EmbeddedDatabase | undefined;

  handle(task: StoreTask): StoreAnswer {
    try {
      return this.#handle(task);
    } catch (e) {
      const error = sqliteError('using the state file', e);
      return { ok: false, code: error.code, message: error.message };
    }
  }

  #handle(task: StoreTask): StoreAnswer {
    if (task.op === 'open') {
      this.#database?.close();
      this.#database = undefined;
      this.#database = new EmbeddedDatabase(task.file, task.identity);
      return { ok: true, value: this.#database.opened, transfer: [] };
    }
    if (task.op === 'close') {
      this.#database?.close(task.clean);
      this.#database = undefined;
      return { ok: true, value: undefined, transfer: [] };
    }
    if (this.#database === undefined)
      throw new WatershardError('STATE_UNAVAILABLE', `${task.op}: the state file is not open`);
    switch (task.op) {
      case 'positions':
        return { ok: true, value: this.#database.positions(), transfer: [] };
      case 'known': {
        const chunk = this.#database.known(task.stream, task.after);
        return { ok: true, value: chunk, transfer: [chunk.packed] };
      }
      case 'commit':
        this.#database.commit(task.commits, task.inDoubt);
        spent(task.commits);
        return { ok: true, value: this.#database.foldIsDue, transfer: [] };
      case 'fold':
        this.#database.fold();
        return { ok: true, value: this.#database.foldIsDue, transfer: [] };
      case 'forget':
        this.#database.forget(task.stream);
        return { ok: true, value: undefined, transfer: [] };
    }
  }
}
