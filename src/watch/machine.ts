import { WatershardError } from '../model/errors.ts';
import type { Intake } from '../model/intake.ts';
import { compareResourceVersions } from '../model/position.ts';
import { type ApiStatus, statusError } from './api-status.ts';
import { backoffMs, FORBIDDEN_MS, HEALTHY_MS, MIN_WATCH_MS, UNSERVED_MAX_MS } from './backoff.ts';

import type { Context, Effect, Environment, Event, EventType, State, Step } from './machine-types.ts';

/**
 * The list/watch state machine of one stream. It is pure: an event comes in, the next state and what is to be done come
 * out (`Effect`), and driver.ts does it. The table at the end is complete by its type.
 */
type Transition<K extends EventType> = (
  c: Context,
  event: Extract<Event, { type: K }>,
  env: Environment,
) => Step | undefined;
type Row = { readonly [K in EventType]: Transition<K> };

export function initialContext(stream: string): Context {
  return {
    stream,
    resourceVersion: '',
    relist: false,
    restored: false,
    continueToken: '',
    listVersion: '',
    failures: 0,
    requestedAt: 0,
    opened: false,
    yielded: false,
    lastError: undefined,
  };
}

/** @returns undefined where the event means nothing in this state (an answer that came too late) */
export function transition(state: State, context: Context, event: Event, env: Environment): Step | undefined {
  const handle = TABLE[state][event.type] as (c: Context, e: Event, env: Environment) => Step | undefined;
  return handle(context, event, env);
}

const step = (state: State, context: Context, ...effects: Effect[]): Step => ({ state, context, effects });
const before = (effects: readonly Effect[], next: Step): Step => ({ ...next, effects: [...effects, ...next.effects] });
const ABORT: Effect = { type: 'abort' };
const ignore = (): undefined => undefined;

const requested = (c: Context, env: Environment): Context => ({
  ...c,
  requestedAt: env.now,
  opened: false,
  yielded: false,
});

const listBegin = ({ relist, restored }: Context): Effect => ({
  type: 'emit',
  item: { type: 'list-begin', relist, ...(restored ? { restored } : {}) },
});

/** Goes on from where the context stands: with the watch, the next page, or a new list. */
function proceed(c: Context, env: Environment): Step {
  if (c.resourceVersion !== '') return verify(c, env);
  if (c.continueToken !== '') return page(c, env);
  return before([listBegin(c)], env.streamingLists ? streamingList(c, env) : page(c, env));
}

/**
 * An API server that was restored from an older backup takes a watch from its future, and stays silent until it is there
 * (1.35, without a bookmark even): everything until then would be missed. So each watch that goes on from before its
 * connection begins with a small list, whose version tells.
 */
function verify(c: Context, env: Environment): Step {
  return step('verifying', requested(c, env), { type: 'request-version' });
}

function watch(c: Context, env: Environment): Step {
  return step('watching', requested(c, env), { type: 'request-watch', resourceVersion: c.resourceVersion });
}

function streamingList(c: Context, env: Environment): Step {
  return step('streaming-list', requested(c, env), { type: 'request-streaming-list' });
}

function page(c: Context, env: Environment): Step {
  return step('list-page', requested(c, env), { type: 'request-page', continueToken: c.continueToken });
}

function backOff(c: Context, env: Environment, error: WatershardError, leastMs = 0): Step {
  const ms = backoffMs(c.failures, env.random, leastMs);
  return step('backing-off', { ...c, failures: c.failures + 1, lastError: error }, ABORT, { type: 'wait', ms });
}

/** The list starts over: at once after a time of health, else after a delay. */
function startOver(c: Context, env: Environment, error: WatershardError): Step {
  const empty = { ...c, resourceVersion: '', continueToken: '', listVersion: '', lastError: error };
  if (c.failures > 0) return backOff(empty, env, error);
  return before([ABORT], proceed({ ...empty, failures: 1 }, env));
}

/** A connection that held for a while proves that all is well. */
function healed(c: Context, env: Environment): Context {
  return c.opened && env.now - c.requestedAt >= HEALTHY_MS ? { ...c, failures: 0 } : c;
}

function refuseStreaming(c: Context, env: Environment): Step {
  const again: Effect[] = c.yielded ? [listBegin(c)] : [];
  return before([ABORT, { type: 'refuse-streaming-lists' }, ...again], page({ ...c, continueToken: '' }, env));
}

function forbidden(c: Context, env: Environment, error: WatershardError): Step {
  const ms = FORBIDDEN_MS * (0.8 + 0.4 * env.random);
  return step('forbidden', { ...c, failures: 0, lastError: error }, ABORT, { type: 'wait', ms });
}

function unserved(c: Context, env: Environment, error: WatershardError): Step {
  const ms = backoffMs(c.failures, env.random, 0, UNSERVED_MAX_MS);
  return step('unserved', { ...c, failures: c.failures + 1, lastError: error }, ABORT, { type: 'wait', ms });
}

/** What is the same in a list and in a watch. */
function refused(c: Context, env: Environment, status: ApiStatus, error: WatershardError): Step {
  if (status.code === 403) return forbidden(c, env, error);
  if (status.code === 404 || status.code === 405) return unserved(c, env, error);
  return backOff(c, env, error, status.retryAfterMs);
}

function isExpired(status: ApiStatus): boolean {
  return status.code === 410 || status.reason === 'Expired' || status.reason === 'Gone';
}

/** The position is of a future that the server does not know. */
function isAhead(status: ApiStatus): boolean {
  return /too large resource version/i.test(status.message);
}

/** Refusals of the parameters, and the 500 with which an etcd before 3.4.25 cannot tell its progress. */
const NO_STREAMING = new Set([400, 406, 415, 422, 500, 501]);

function streamingListStatus(c: Context, { status }: { status: ApiStatus }, env: Environment): Step {
  if (NO_STREAMING.has(status.code)) return refuseStreaming(c, env);
  const error = statusError(status, `listing ${c.stream}`);
  if (isExpired(status))
    return before([{ type: 'count-list', result: 'expired' }], backOff(c, env, error, status.retryAfterMs));
  return before(
    [{ type: 'count-list', result: status.code === 403 ? 'forbidden' : 'error' }],
    refused(c, env, status, error),
  );
}

function pageStatus(c: Context, { status }: { status: ApiStatus }, env: Environment): Step {
  const error = statusError(status, `listing ${c.stream}`);
  if (isExpired(status)) {
    // The rest as it is now. The watch still goes on from the first page's version, so nothing in between is missed.
    if (c.continueToken !== '' && status.continueToken !== '' && status.continueToken !== c.continueToken) {
      return page({ ...c, continueToken: status.continueToken }, env);
    }
    return before([{ type: 'count-list', result: 'expired' }], startOver(c, env, error));
  }
  const fresh = status.code === 400 ? { ...c, continueToken: '', listVersion: '' } : c;
  return before(
    [{ type: 'count-list', result: status.code === 403 ? 'forbidden' : 'error' }],
    refused(fresh, env, status, error),
  );
}

function watchStatus(c: Context, { status }: { status: ApiStatus }, env: Environment): Step {
  const error = statusError(status, `watching ${c.stream}`);
  if (isAhead(status)) return restored(c, env, status.message);
  // 400 is an answer to a resourceVersion that this server cannot read.
  if (isExpired(status) || status.code === 400) return expired(c, env, error);
  return before(
    [{ type: 'count-watch', result: status.code === 403 ? 'forbidden' : 'error' }],
    refused(healed(c, env), env, status, error),
  );
}

function expired(c: Context, env: Environment, error: WatershardError): Step {
  return before(
    [{ type: 'count-watch', result: 'expired' }],
    startOver({ ...healed(c, env), relist: true }, env, error),
  );
}

/** @param now what the server says of where it is */
function restored(c: Context, env: Environment, now: string): Step {
  const text = `watching ${c.stream}: the API server is behind resourceVersion ${c.resourceVersion}, where it was before (${now}): its etcd was restored from an older backup`;
  const again = { ...healed(c, env), relist: true, restored: true };
  return before(
    [{ type: 'count-watch', result: 'restored' }],
    startOver(again, env, new WatershardError('WATCH_RESTORED', text)),
  );
}

/** negative: the server is behind the position. */
const orderOf = (resourceVersion: string, c: Context): number =>
  resourceVersion === '' ? 0 : (compareResourceVersions(resourceVersion, c.resourceVersion) ?? 0);

function watchEnded(c: Context, env: Environment): Step {
  const lasted = env.now - c.requestedAt;
  const count: Effect = { type: 'count-watch', result: 'closed' };
  if (lasted < MIN_WATCH_MS && !c.yielded) {
    const error = new WatershardError('API_STATUS', `watching ${c.stream}: the API server ended the watch at once`);
    return before([count], backOff(c, env, error));
  }
  const well = { ...c, failures: 0 };
  if (lasted >= MIN_WATCH_MS) return before([count, ABORT], verify(well, env));
  return step('backing-off', well, count, ABORT, { type: 'wait', ms: MIN_WATCH_MS - lasted });
}

function watchSilent(c: Context, env: Environment): Step {
  const error = new WatershardError(
    'WATCH_STALLED',
    `watching ${c.stream}: nothing was read for too long, the connection is taken for dead`,
  );
  const count: Effect = { type: 'count-watch', result: 'stalled' };
  // An answer that never began may be a server in trouble: with a delay. Else the wait was long enough.
  if (!c.opened) return before([count], backOff(c, env, error));
  return before([count, ABORT], verify({ ...c, failures: 0, lastError: error }, env));
}

function watchBookmark(c: Context, resourceVersion: string, env: Environment): Step {
  if (orderOf(resourceVersion, c) < 0) return restored(c, env, `its bookmark is at ${resourceVersion}`);
  if (resourceVersion === '') return step('watching', { ...c, yielded: true });
  const item: Intake = { type: 'bookmark', resourceVersion };
  return step('watching', { ...c, resourceVersion, yielded: true }, { type: 'emit', item });
}

function listComplete(
  c: Context,
  resourceVersion: string,
  observedAt: number,
): { context: Context; effects: Effect[] } {
  const done = { relist: true, restored: false, continueToken: '', listVersion: '', lastError: undefined };
  const context = { ...c, ...done, resourceVersion };
  const item: Intake = { type: 'list-end', resourceVersion, observedAt };
  return {
    context,
    effects: [
      { type: 'emit', item },
      { type: 'count-list', result: 'ok' },
    ],
  };
}

const listFailed = (c: Context, error: WatershardError, env: Environment): Step =>
  before([{ type: 'count-list', result: 'error' }], backOff(c, env, error));
const listSilent = (c: Context, env: Environment): Step =>
  listFailed(c, new WatershardError('API_UNREACHABLE', `listing ${c.stream}: nothing was read for too long`), env);
const begun = (c: Context, state: State): Step => step(state, { ...c, opened: true });
const stop = (c: Context): Step => step('stopped', c, ABORT);
const remove = (c: Context, event: { observedAt: number }): Step =>
  step('removed', c, ABORT, { type: 'emit', item: { type: 'removed', observedAt: event.observedAt } });
const forgotten = (c: Context, event: { restored: boolean }): Context => ({
  ...c,
  restored: c.restored || event.restored,
  resourceVersion: '',
  continueToken: '',
  listVersion: '',
  relist: c.relist || c.resourceVersion !== '',
});
const relistNow = (c: Context, event: { restored: boolean }, env: Environment): Step =>
  before([ABORT], proceed(forgotten(c, event), env));

/** No request is under way: late answers mean nothing. */
const QUIET = {
  start: ignore,
  opened: ignore,
  frames: ignore,
  bookmark: ignore,
  page: ignore,
  ended: ignore,
  failed: ignore,
  status: ignore,
  silent: ignore,
  timer: ignore,
  relist: ignore,
  remove,
  stop,
} satisfies Row;

function waiting(state: State): Row {
  return {
    ...QUIET,
    timer: (c, _, env) => proceed(c, env),
    // what it waits for still holds; the list comes after it
    relist: (c, e) => step(state, forgotten(c, e)),
  };
}

const TABLE: { readonly [S in State]: Row } = {
  idle: {
    ...QUIET,
    start: (c, e, env) => {
      const { resourceVersion, restored } = e;
      const begin = { ...c, resourceVersion, restored, relist: e.relist || resourceVersion !== '' };
      return e.delayMs > 0 ? step('backing-off', begin, { type: 'wait', ms: e.delayMs }) : proceed(begin, env);
    },
  },
  'streaming-list': {
    start: ignore,
    opened: (c) => begun(c, 'streaming-list'),
    frames: (c, e) => step('streaming-list', { ...c, yielded: true }, { type: 'emit', item: { ...e, listing: true } }),
    bookmark: (c, e, env) => {
      // A server that does not know the parameter began an ordinary watch, of which this is an ordinary bookmark.
      if (!e.endsInitialEvents || e.resourceVersion === '') return refuseStreaming(c, env);
      const { context, effects } = listComplete(c, e.resourceVersion, e.observedAt);
      return step('watching', { ...context, yielded: true }, ...effects);
    },
    page: ignore,
    ended: (c, _, env) =>
      listFailed(
        c,
        new WatershardError('API_STATUS', `listing ${c.stream}: the API server ended the list before it was complete`),
        env,
      ),
    failed: (c, e, env) => listFailed(c, e.error, env),
    status: streamingListStatus,
    // The end bookmark follows the last object at once where the parameter is known.
    silent: (c, _, env) => (c.opened ? refuseStreaming(c, env) : listSilent(c, env)),
    timer: ignore,
    relist: relistNow,
    remove,
    stop,
  },
  'list-page': {
    start: ignore,
    opened: (c) => begun(c, 'list-page'),
    frames: ignore,
    bookmark: ignore,
    page: (c, e, env) => {
      const emit: Effect = { type: 'emit', item: { type: 'page', bytes: e.bytes, observedAt: e.observedAt } };
      const listVersion = c.listVersion === '' ? e.resourceVersion : c.listVersion;
      if (e.continueToken !== '')
        return before([emit], page({ ...c, continueToken: e.continueToken, listVersion }, env));
      const { context, effects } = listComplete(c, listVersion, e.observedAt);
      return before([emit, ...effects], watch(context, env));
    },
    ended: ignore,
    failed: (c, e, env) => listFailed(c, e.error, env),
    status: pageStatus,
    silent: (c, _, env) => listSilent(c, env),
    timer: ignore,
    relist: relistNow,
    remove,
    stop,
  },
  verifying: {
    start: ignore,
    opened: (c) => begun(c, 'verifying'),
    frames: ignore,
    bookmark: ignore,
    page: (c, e, env) => {
      const { resourceVersion } = e;
      if (orderOf(resourceVersion, c) < 0) return restored(c, env, `it is at ${resourceVersion}`);
      return before([{ type: 'emit', item: { type: 'resuming', resourceVersion } }], watch(c, env));
    },
    ended: ignore,
    failed: (c, e, env) => before([{ type: 'count-watch', result: 'error' }], backOff(c, env, e.error)),
    status: watchStatus,
    silent: (c, _, env) => watchSilent({ ...c, opened: false }, env),
    timer: ignore,
    relist: relistNow,
    remove,
    stop,
  },
  watching: {
    start: ignore,
    opened: (c) => step('watching', { ...c, opened: true, lastError: undefined }),
    frames: (c, e) => {
      const resourceVersion = e.resourceVersion === '' ? c.resourceVersion : e.resourceVersion;
      return step(
        'watching',
        { ...c, resourceVersion, yielded: true },
        { type: 'emit', item: { ...e, listing: false } },
      );
    },
    bookmark: (c, e, env) => watchBookmark(c, e.resourceVersion, env),
    page: ignore,
    ended: (c, _, env) => watchEnded(c, env),
    failed: (c, e, env) => before([{ type: 'count-watch', result: 'error' }], backOff(healed(c, env), env, e.error)),
    status: watchStatus,
    silent: (c, _, env) => watchSilent(c, env),
    timer: ignore,
    relist: relistNow,
    remove,
    stop,
  },
  'backing-off': waiting('backing-off'),
  forbidden: waiting('forbidden'),
  unserved: waiting('unserved'),
  removed: { ...QUIET, remove: ignore, stop: ignore },
  stopped: { ...QUIET, remove: ignore, stop: ignore },
};
