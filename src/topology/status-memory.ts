import { ErrorEpisodes } from './error-episodes.ts';
import { History } from './history.ts';

/** What a report says of the time before it; outlives a topology that ends because its state was lost. */
export class StatusMemory {
  /** Unix time, milliseconds. */
  readonly startedAt = Date.now();
  readonly errors = new ErrorEpisodes();
  readonly history = new History();
}
