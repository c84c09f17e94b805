import type { WatershardError } from '../model/errors.ts';
import type { Intake } from '../model/intake.ts';
import type { ApiStatus } from './api-status.ts';

/** States of the list/watch machine (machine.ts). */
export const STATES = [
  'idle',
  /** A watch that begins with everything there is is open; its end bookmark has not come yet. */
  'streaming-list',
  /** A page of a LIST was asked for. */
  'list-page',
  /** Before a watch goes on from a position that is older than the connection: does the server still know that time? */
  'verifying',
  /** A watch is open, or was asked for. */
  'watching',
  /** Waiting before the next request. */
  'backing-off',
  'forbidden',
  /** The server answers 404 or 405; discovery decides whether the resource has gone. */
  'unserved',
  'removed',
  'stopped',
] as const;
export type State = (typeof STATES)[number];

export type Event =
  | {
      readonly type: 'start';
      readonly resourceVersion: string;
      readonly relist: boolean;
      readonly restored: boolean;
      readonly delayMs: number;
    }
  /** The answer to the request has begun. */
  | { readonly type: 'opened' }
  | {
      readonly type: 'frames';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly count: number;
      readonly resourceVersion: string;
      readonly observedAt: number;
    }
  | {
      readonly type: 'bookmark';
      readonly resourceVersion: string;
      readonly endsInitialEvents: boolean;
      readonly observedAt: number;
    }
  | {
      readonly type: 'page';
      readonly bytes: Uint8Array<ArrayBuffer>;
      readonly resourceVersion: string;
      readonly continueToken: string;
      readonly observedAt: number;
    }
  /** The server ended the watch. */
  | { readonly type: 'ended' }
  /** No answer, or it broke off, or it cannot be read. */
  | { readonly type: 'failed'; readonly error: WatershardError }
  /** A status other than 200, or an ERROR event. */
  | { readonly type: 'status'; readonly status: ApiStatus }
  /** Nothing has been read for too long. */
  | { readonly type: 'silent' }
  | { readonly type: 'timer' }
  | { readonly type: 'relist'; readonly restored: boolean }
  | { readonly type: 'remove'; readonly observedAt: number }
  | { readonly type: 'stop' };
export type EventType = Event['type'];

export type Effect =
  | { readonly type: 'request-streaming-list' }
  | { readonly type: 'request-page'; readonly continueToken: string }
  /** A list of one object at the most, for the resourceVersion that the server is at. */
  | { readonly type: 'request-version' }
  | { readonly type: 'request-watch'; readonly resourceVersion: string }
  | { readonly type: 'wait'; readonly ms: number }
  /** End the request or the wait that is under way. */
  | { readonly type: 'abort' }
  | { readonly type: 'emit'; readonly item: Intake }
  /** Remember for a time that streaming lists do not work here. */
  | { readonly type: 'refuse-streaming-lists' }
  | { readonly type: 'count-list'; readonly result: 'ok' | 'forbidden' | 'expired' | 'error' }
  | {
      readonly type: 'count-watch';
      readonly result: 'closed' | 'expired' | 'restored' | 'stalled' | 'forbidden' | 'error';
    };

export interface Context {
  /** For messages. */
  readonly stream: string;
  /** Up to where everything was handed over; '' where it has to be listed. */
  readonly resourceVersion: string;
  /** The stream had a position at some time, so a list shows what changed, not what was always there. */
  readonly relist: boolean;
  /** The server has gone back behind the position: versions are given a second time, so that a list is compared by content. */
  readonly restored: boolean;
  /** Of the next page; '' for the first. */
  readonly continueToken: string;
  /** resourceVersion of the first page, from which the watch goes on. */
  readonly listVersion: string;
  /** Failures in a row; decides the delay. */
  readonly failures: number;
  /** When the request under way was made. */
  readonly requestedAt: number;
  readonly opened: boolean;
  /** Something came over the request under way. */
  readonly yielded: boolean;
  readonly lastError: WatershardError | undefined;
}

export interface Environment {
  /** Milliseconds; only differences count. */
  readonly now: number;
  /** [0, 1) */
  readonly random: number;
  /** Streaming lists have not been refused here lately. */
  readonly streamingLists: boolean;
}

export interface Step {
  readonly state: State;
  readonly context: Context;
  readonly effects: readonly Effect[];
}
