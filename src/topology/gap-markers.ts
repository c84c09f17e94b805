import type { Intake } from '../model/intake.ts';
import { compareResourceVersions } from '../model/position.ts';
import type { Work } from '../transform/work.ts';
import type { Gap } from './stream-run-context.ts';

const UNCERTAIN =
  'listed again after a crash, as the position had expired: what was created and deleted around the crash may have no delete';

/** When a stream has to say that deletes may have been missed before, and that it says it once. Pure but for the time. */
export class GapMarkers {
  #pending: Gap | undefined;
  /** Set after a crash, until all of before is read again: the epoch of the marker that a list then needs. */
  #uncertain: string | undefined;
  /** Where the server was when the stream first went on: what was delivered before the crash is not newer. */
  #bound: string | undefined;

  /** @param pending what the run before this one has said and not committed */
  constructor(pending: Gap | undefined) {
    this.#pending = pending;
  }

  /** A loss that is said and not committed: where the stream begins again, so does the marker. */
  get pending(): Gap | undefined {
    return this.#pending;
  }

  /** The marker of this loss, or of the one that is pending. */
  say(loss: Gap | undefined, epoch: string): Work | undefined {
    this.#pending = loss ?? this.#pending;
    return this.#pending && { type: 'gap', ...this.#pending, epoch };
  }

  /** It began after a crash, and what was delivered before is not read again to its end. */
  get isUncertain(): boolean {
    return this.#uncertain !== undefined;
  }

  /** A stream begins; what was delivered behind its position may be more than what is committed. */
  uncertain(epoch: string, sequence: number): void {
    this.#uncertain = `${epoch}:${sequence}`;
    this.#bound = undefined;
  }

  /** The watch goes on; the server is at this version. */
  resuming(resourceVersion: string): undefined {
    this.#bound ??= resourceVersion;
  }

  /**
   * A watch that goes on from the position tells again all that was delivered behind it and not committed, when it has come to
   * where the server was at its begin. A list before that does not: of what was created there and is gone, nobody knows any
   * more. Until its commit the marker has the same id each time.
   */
  before(item: Intake): Work | undefined {
    const epoch = this.#uncertain;
    if (epoch === undefined) return undefined;
    if (item.type !== 'list-begin') {
      if ('resourceVersion' in item && this.#isPast(item.resourceVersion)) this.#uncertain = undefined;
      return undefined;
    }
    this.#uncertain = undefined;
    return { type: 'gap', reason: UNCERTAIN, observedAt: Date.now() * 1000, epoch };
  }

  #isPast(resourceVersion: string): boolean {
    const order = this.#bound === undefined ? undefined : compareResourceVersions(resourceVersion, this.#bound);
    return order !== undefined && order >= 0;
  }

  /** The first work of the incarnation is committed. */
  committed(): void {
    this.#pending = undefined;
  }
}
