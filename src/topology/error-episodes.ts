import type { ErrorEpisode, StatusError } from '../model/status.ts';

/** Errors that are over and are still shown, and errors that last: the rest of either is to be seen where it is. */
const KEPT = 20;

/** Remembers errors that are over, as who looks at the page comes later than they do. One that begins and ends between two samples is not seen. */
export class ErrorEpisodes {
  readonly #open = new Map<string, ErrorEpisode>();
  /** The newest first. */
  readonly #over: ErrorEpisode[] = [];

  /** @param errors what is wrong at present, by where */
  sample(errors: ReadonlyMap<string, StatusError>): void {
    for (const [source, episode] of this.#open) {
      if (errors.get(source)?.code === episode.code) continue;
      this.#open.delete(source);
      this.#over.unshift({ ...episode, over: true });
      this.#over.length = Math.min(this.#over.length, KEPT);
    }
    for (const [source, error] of errors) {
      const since = this.#open.get(source)?.since ?? error.at;
      this.#open.set(source, { ...error, source, since, over: false });
    }
  }

  list(): ErrorEpisode[] {
    return [...[...this.#open.values()].sort((a, b) => b.since - a.since).slice(0, KEPT), ...this.#over];
  }
}
