import type { Stream } from './resource.ts';

/**
 * What a stream's list/watch driver hands over, in order. Objects stay bytes: nothing here was parsed.
 *
 * A list is `list-begin`, then `frames` with `listing: true` (streaming list) or `page`s, then `list-end`. What was
 * known and is not seen between the two has gone. After a list that broke off, another `list-begin` starts over.
 */
export type Intake =
  | {
      readonly type: 'list-begin';
      readonly relist: boolean;
      /** The API server has gone back in time: an equal resourceVersion does not mean an equal object. */
      readonly restored?: boolean;
    }
  | {
      /** Whole watch events as the server wrote them: newline-terminated JSON of ADDED, MODIFIED or DELETED. */
      readonly type: 'frames';
      readonly bytes: Uint8Array<ArrayBuffer>;
      /** How many frames there are. */
      readonly count: number;
      /** metadata.resourceVersion of the last frame; '' where it could not be read. */
      readonly resourceVersion: string;
      readonly listing: boolean;
      /** When the last byte was read: Unix time, microseconds. */
      readonly observedAt: number;
    }
  | {
      /** The whole body of one page of a LIST: `{"kind":"PodList",…,"items":[…]}`. */
      readonly type: 'page';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly observedAt: number;
    }
  | { readonly type: 'list-end'; readonly resourceVersion: string; readonly observedAt: number }
  | { readonly type: 'bookmark'; readonly resourceVersion: string }
  /** A watch is about to go on from its position; the server is at this version by now. */
  | { readonly type: 'resuming'; readonly resourceVersion: string }
  /** The resource or namespace is not served any more: every known object of the stream has gone. */
  | { readonly type: 'removed'; readonly observedAt: number };

/**
 * Takes an intake item over, its buffer included. A promise means that credit has run out: do not read from the
 * socket until it settles. It rejects only when the stream has been stopped.
 */
export type IntakeSink = (stream: Stream, item: Intake) => undefined | Promise<void>;

/**
 * Whether what was handed over before is still being worked on. Until the promise is fulfilled more may be gathered, so that
 * what each batch costs is shared by many frames under load; undefined where a batch would be taken up at once.
 */
export type IntakeBusy = (stream: Stream) => undefined | Promise<void>;
