import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WatershardError } from '../../src/model/errors.ts';
import type { ApiStatus } from '../../src/watch/api-status.ts';
import { backoffMs } from '../../src/watch/backoff.ts';
import { initialContext, transition } from '../../src/watch/machine.ts';
import { type Context, type Effect, type Event, STATES, type State } from '../../src/watch/machine-types.ts';
import { fuzz } from '../support/fuzz.ts';

const bytes = new Uint8Array(0);
const status = (code: number, more: Partial<ApiStatus> = {}): Event => ({
  type: 'status',
  status: { code, reason: '', message: '', continueToken: '', retryAfterMs: undefined, ...more },
});
const frames = (resourceVersion: string): Event => ({
  type: 'frames',
  bytes,
  count: 1,
  resourceVersion,
  observedAt: 1,
});
const bookmark = (resourceVersion: string, endsInitialEvents = false): Event => ({
  type: 'bookmark',
  resourceVersion,
  endsInitialEvents,
  observedAt: 1,
});
const page = (resourceVersion: string, continueToken = ''): Event => ({
  type: 'page',
  bytes,
  resourceVersion,
  continueToken,
  observedAt: 1,
});
const start = (resourceVersion = '', relist = false): Event => ({
  type: 'start',
  resourceVersion,
  relist,
  restored: false,
  delayMs: 0,
});
const failed: Event = { type: 'failed', error: new WatershardError('API_UNREACHABLE', 'x') };
const opened: Event = { type: 'opened' };
const ended: Event = { type: 'ended' };
const silent: Event = { type: 'silent' };
const timer: Event = { type: 'timer' };

/** Feeds events to a machine and remembers what it asked for. */
class Run {
  state: State = 'idle';
  context: Context = initialContext('pods');
  now = 0;
  streamingLists = true;
  last: readonly Effect[] = [];

  feed(...events: Event[]): this {
    for (const event of events) {
      const step = transition(this.state, this.context, event, {
        now: this.now,
        random: 0.5,
        streamingLists: this.streamingLists,
      });
      this.last = step?.effects ?? [];
      if (step === undefined) continue;
      this.state = step.state;
      this.context = step.context;
      if (step.effects.some((e) => e.type === 'refuse-streaming-lists')) this.streamingLists = false;
    }
    return this;
  }

  after(ms: number): this {
    this.now += ms;
    return this;
  }

  /** The last effects in short. */
  get did(): string[] {
    return this.last.map((e) => {
      if (e.type === 'emit') {
        if (e.item.type !== 'list-begin') return e.item.type;
        return `list-begin ${e.item.relist}${e.item.restored === true ? ' restored' : ''}`;
      }
      if (e.type === 'request-version') return 'version';
      if (e.type === 'request-watch') return `watch ${e.resourceVersion}`;
      if (e.type === 'request-page') return `page ${e.continueToken}`.trim();
      if (e.type === 'wait') return 'wait';
      if (e.type === 'count-list' || e.type === 'count-watch') return `${e.type} ${e.result}`;
      return e.type;
    });
  }

  get waitMs(): number {
    const wait = this.last.find((e) => e.type === 'wait');
    return wait?.type === 'wait' ? wait.ms : -1;
  }
}
/** The server is where it was, or further. */
const verified = page('99');
const watching = (): Run => new Run().feed(start('5'), opened, verified, opened);

test('without a position it lists in a stream; the end bookmark completes it on the same connection', () => {
  const run = new Run().feed(start());
  assert.deepEqual(run.did, ['list-begin false', 'request-streaming-list']);
  assert.deepEqual(run.feed(opened, frames('3')).did, ['frames']);
  assert.equal(run.context.resourceVersion, '', 'there is no position inside of a list');
  assert.deepEqual(run.feed(bookmark('9', true)).did, ['list-end', 'count-list ok']);
  assert.deepEqual([run.state, run.context.resourceVersion], ['watching', '9']);
});

test('a refusal of the parameters leads to pages, and a list that showed something begins anew', () => {
  for (const code of [400, 422, 500]) {
    const run = new Run().feed(start(), opened, status(code));
    assert.deepEqual(run.did, ['abort', 'refuse-streaming-lists', 'page'], String(code));
  }
  for (const sign of [bookmark('9', false), silent]) {
    const run = new Run().feed(start(), opened, frames('3'), sign);
    assert.deepEqual(run.did, ['abort', 'refuse-streaming-lists', 'list-begin false', 'page']);
  }
  assert.equal(new Run().feed(start(), silent).state, 'backing-off', 'no answer at all is no refusal');
});

test('pages follow one another, and the watch goes on from the version of the first', () => {
  const run = new Run();
  run.streamingLists = false;
  assert.deepEqual(run.feed(start()).did, ['list-begin false', 'page']);
  assert.deepEqual(run.feed(opened, page('10', 'a')).did, ['page', 'page a']);
  assert.deepEqual(run.feed(failed).did, ['count-list error', 'abort', 'wait']);
  assert.deepEqual(run.feed(timer).did, ['page a'], 'goes on where it was, without a new list');
  // the server offers the rest as it is now: the watch has to begin at the first page's version all the same
  assert.deepEqual(run.feed(status(410, { continueToken: 'b' })).did, ['page b']);
  assert.deepEqual(run.feed(page('12')).did, ['page', 'list-end', 'count-list ok', 'watch 10']);
});

test('a page that expired without a substitute starts the list over', () => {
  const run = new Run();
  run.streamingLists = false;
  run.feed(start(), opened, page('10', 'a'), status(410));
  assert.deepEqual(run.did, ['count-list expired', 'abort', 'list-begin false', 'page']);
  assert.deepEqual(
    run.feed(page('11', 'c'), status(410)).did,
    ['count-list expired', 'abort', 'wait'],
    'the second time with a delay',
  );
  assert.deepEqual(run.feed(timer).did, ['list-begin false', 'page']);
});

test('410 leads to a relist, and a relist that fails is tried for ever', () => {
  for (const sign of [status(410), status(500, { reason: 'Expired' })]) {
    assert.deepEqual(watching().feed(sign).did, [
      'count-watch expired',
      'abort',
      'list-begin true',
      'request-streaming-list',
    ]);
  }
  const run = watching().feed(status(410));
  for (let i = 0; i < 50; i++) {
    run.feed([failed, status(503), silent, ended][i % 4] as Event);
    assert.equal(run.state, 'backing-off');
    assert.ok(run.waitMs > 0 && run.waitMs <= 30_000);
    assert.deepEqual(run.feed(timer).did, ['list-begin true', 'request-streaming-list']);
  }
});

test('410 over and over does not become a hot loop', () => {
  const run = watching();
  let waits = 0;
  for (let i = 0; i < 10; i++) {
    run.after(10).feed(status(410));
    if (run.state === 'backing-off') {
      waits++;
      run.feed(timer);
    }
    run.feed(opened, bookmark(String(10 + i), true));
  }
  assert.equal(waits, 9);
});

test('a watch that the server ended is resumed without a list, at once where it lasted', () => {
  assert.deepEqual(watching().feed(frames('7')).after(400_000).feed(ended).did, [
    'count-watch closed',
    'abort',
    'version',
  ]);
  const brief = watching().feed(frames('7')).after(5).feed(ended);
  assert.deepEqual([brief.state, brief.waitMs, brief.context.failures], ['backing-off', 995, 0]);
  const empty = watching().after(5).feed(ended);
  assert.equal(empty.context.failures, 1);
  assert.deepEqual(empty.feed(timer).did, ['version']);
  assert.deepEqual(empty.feed(verified).did, ['resuming', 'watch 5']);
});

test('a silent watch is resumed from its position', () => {
  const run = watching().feed(frames('8')).after(75_000).feed(silent);
  assert.deepEqual(run.did, ['count-watch stalled', 'abort', 'version']);
  assert.equal(run.context.lastError?.code, 'WATCH_STALLED');
  assert.deepEqual(run.feed(opened, verified).did, ['resuming', 'watch 8']);
  assert.equal(run.feed(silent).state, 'backing-off', 'no answer');
  assert.equal(run.feed(timer, opened, silent).state, 'backing-off', 'half an answer');
});

test('429 is waited for as long as the server asks, without a relist', () => {
  const run = watching().feed(status(429, { retryAfterMs: 20_000 }));
  assert.ok(run.waitMs >= 20_000 && run.waitMs <= 25_000);
  assert.deepEqual(run.feed(timer, verified).did, ['resuming', 'watch 5']);
});

test('delays double to a bound, and begin anew after a time of health', () => {
  const run = watching();
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    waits.push(run.feed(failed).waitMs);
    run.feed(timer, verified, opened);
  }
  assert.deepEqual(waits, [600, 1200, 2400, 4800, 9600, 19200, 22500, 22500]);
  assert.equal(run.after(30_000).feed(failed).waitMs, 600);
  fc.assert(
    fc.property(fc.nat(5000), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const ms = backoffMs(failures, random);
      return ms >= 400 && ms <= 30_000;
    }),
  );
});

test('a forbidden resource is tried about once a minute, one that is not served ever more seldom', () => {
  const run = watching().feed(status(403));
  assert.deepEqual(run.did, ['count-watch forbidden', 'abort', 'wait']);
  assert.ok(run.state === 'forbidden' && run.waitMs >= 48_000 && run.waitMs <= 72_000);
  assert.deepEqual(run.feed(timer, verified).did, ['resuming', 'watch 5']);
  const gone = watching();
  for (let i = 0; i < 12; i++) gone.feed(status(404), timer);
  assert.equal(gone.feed(status(405)).state, 'unserved');
  assert.equal(gone.waitMs, 45_000);
});

test('bookmarks move the position', () => {
  const run = watching().feed(bookmark('10'));
  assert.deepEqual([run.did, run.context.resourceVersion], [['bookmark'], '10']);
});

test('a server that is behind the position was restored: everything is listed and compared by content', () => {
  const restored = ['count-watch restored', 'abort', 'list-begin true restored', 'request-streaming-list'];
  const begin = new Run().feed(start('5'));
  assert.deepEqual(begin.did, ['version'], 'before the first watch');
  assert.deepEqual(begin.feed(opened, page('4')).did, restored);
  assert.equal(begin.context.lastError?.code, 'WATCH_RESTORED');
  assert.deepEqual(watching().feed(bookmark('4')).did, restored);
  assert.deepEqual(watching().feed(status(504, { message: 'Too large resource version: 9' })).did, restored);
  assert.deepEqual(
    watching().feed(failed, timer, page('4')).did,
    ['count-watch restored', 'abort', 'wait'],
    'after a failure with a delay',
  );

  const again = watching().feed(bookmark('4'), failed, timer);
  assert.deepEqual(again.did, ['list-begin true restored', 'request-streaming-list'], 'a list that failed is repeated');
  again.feed(opened, bookmark('4', true), status(410), timer);
  assert.deepEqual(again.did, ['list-begin true', 'request-streaming-list'], 'and what comes after it is ordinary');
  for (const version of ['5', '6', '100', 'x', ''])
    assert.deepEqual(
      new Run().feed(start('5'), page(version)).did,
      ['resuming', 'watch 5'],
      `'${version}' is not behind 5`,
    );
});

test('an unreadable resourceVersion leaves the position where it was', () => {
  assert.equal(watching().feed(frames('')).context.resourceVersion, '5');
});

test('relist, remove and stop work in any state that is alive', () => {
  assert.deepEqual(watching().feed({ type: 'relist', restored: false }).did, [
    'abort',
    'list-begin true',
    'request-streaming-list',
  ]);
  const waiting = watching().feed(status(403), { type: 'relist', restored: false });
  assert.equal(waiting.state, 'forbidden');
  assert.deepEqual(waiting.feed(timer).did, ['list-begin true', 'request-streaming-list']);
  const restored = watching().feed({ type: 'relist', restored: true });
  assert.deepEqual(restored.did, ['abort', 'list-begin true restored', 'request-streaming-list']);
  assert.deepEqual(watching().feed({ type: 'remove', observedAt: 3 }).did, ['abort', 'removed']);
  assert.equal(watching().feed({ type: 'stop' }, frames('9'), timer).state, 'stopped');
});

test('whatever happens in whatever order: every state takes every event, and lists are well formed', () => {
  const events: Event[] = [
    start(),
    start('4'),
    opened,
    frames('6'),
    bookmark('7'),
    bookmark('7', true),
    page('8'),
    page('8', 'c'),
    ended,
    failed,
    silent,
    timer,
    { type: 'relist', restored: false },
  ];
  const codes = [400, 401, 403, 404, 405, 410, 422, 429, 500, 503, 504].map((c) => status(c));
  const any = fc.constantFrom(...events, ...codes);
  fc.assert(
    fc.property(fc.array(fc.tuple(any, fc.nat(100_000)), { maxLength: 60 }), (script) => {
      const run = new Run();
      let listing = false;
      for (const [event, ms] of script) {
        run.after(ms).feed(event);
        for (const e of run.last) {
          if (e.type !== 'emit') continue;
          const { item } = e;
          if (item.type === 'list-begin') listing = true;
          if (item.type === 'page') assert.ok(listing);
          if (item.type === 'frames') assert.equal(item.listing, listing);
          if (item.type === 'bookmark') assert.ok(!listing);
          if (item.type === 'list-end') {
            assert.ok(listing);
            listing = false;
          }
        }
        const requests = run.last.filter((e) => e.type.startsWith('request-') || e.type === 'wait');
        assert.ok(requests.length <= 1, 'one thing at a time');
        if (['idle', 'removed', 'stopped'].includes(run.state)) assert.equal(requests.length, 0);
      }
    }),
    fuzz(2000),
  );
  for (const state of STATES) {
    for (const event of [...events, ...codes, { type: 'stop' } as Event, { type: 'remove', observedAt: 1 } as Event]) {
      assert.doesNotThrow(() =>
        transition(state, initialContext('x'), event, { now: 0, random: 0, streamingLists: true }),
      );
    }
  }
});
