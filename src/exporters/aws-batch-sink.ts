import { WatershardError } from '../model/errors.ts';
import { AwsBatchPlan, MOST_MESSAGES } from './aws-batch-plan.ts';
import { awsFault, contentFault, type EntryFault, entryFault, isContentFault } from './aws-connection.ts';
import type { AwsMessage, MessageSource } from './aws-message.ts';
import type { AwsSettings } from './aws-options.ts';
import type { QueuedExporterOptions, RecordSink, SendResult, Verdict } from './queued-exporter.ts';
import type { QueuedRecord } from './record-queue.ts';

/** Requests for each that may be under way: so many records are taken from the queue at a time. */
const WAVES = 4;

/** How much is taken from the queue at a time. */
export function exporterOptionsOf({
  concurrency,
  maxMessageBytes,
  operations,
}: Pick<AwsSettings, 'concurrency' | 'maxMessageBytes'> & Pick<QueuedExporterOptions, 'operations'>) {
  const requests = concurrency * WAVES;
  return { batchRecords: requests * MOST_MESSAGES, batchBytes: requests * maxMessageBytes, operations };
}

/** What SendMessageBatch and PublishBatch answer. */
export interface BatchAnswer {
  readonly Successful?: readonly { readonly Id?: string | undefined }[] | undefined;
  readonly Failed?: readonly (EntryFault & { readonly Id?: string | undefined })[] | undefined;
}

/** One queue or topic. */
export interface BatchTarget {
  /** Looks whether it is there. @returns the most bytes that it takes in a message, where it tells */
  open(signal: AbortSignal): Promise<number | undefined>;
  /** One request. The id of a message is its place. */
  send(messages: readonly AwsMessage[], signal: AbortSignal): Promise<BatchAnswer>;
  close(): void;
  /** That of the requests. Rejected where there is none. */
  region(): Promise<string>;
  /** For errors: `queue changes`. */
  readonly name: string;
  /** The command that makes it. */
  readonly create: string;
  status(): Readonly<Record<string, number | string | boolean>>;
}

/** Of a request. */
interface Outcome {
  /** Why some are to be sent again. */
  readonly error: WatershardError | undefined;
  /** It failed as a whole: others need not be tried now. */
  readonly broken: boolean;
}

const NOTHING: Outcome = { error: undefined, broken: false };

/** Records as messages, in requests of ten, some at a time; the order of each key is kept over whatever is refused. */
export class AwsBatchSink implements RecordSink {
  readonly #target: BatchTarget;
  readonly #settings: AwsSettings;
  readonly #messageOf: (record: MessageSource) => AwsMessage;
  readonly #ending = new AbortController();
  #maxMessage: number;

  constructor(target: BatchTarget, settings: AwsSettings, messageOf: (record: MessageSource) => AwsMessage) {
    this.#target = target;
    this.#settings = settings;
    this.#messageOf = messageOf;
    this.#maxMessage = settings.maxMessageBytes;
  }

  async open(): Promise<void> {
    const { name } = this.#target;
    let most: number | undefined;
    try {
      most = await this.#attempt(`looking for ${name}`, (signal) => this.#target.open(signal));
    } catch (e) {
      throw e instanceof ContentFault ? awsFault(`looking for ${name}`, e.cause, 'EXPORTER_MISCONFIGURED') : e;
    }
    this.#maxMessage = Math.min(this.#settings.maxMessageBytes, most ?? Number.POSITIVE_INFINITY);
  }

  async send(records: readonly QueuedRecord[]): Promise<SendResult> {
    const messages = records.map((record) => this.#messageOf(record));
    const verdicts = messages.map((message) => this.#tooLarge(message));
    const sent = verdicts.flatMap((verdict, i) => (verdict === undefined ? [i] : []));
    const plan = new AwsBatchPlan(messages, sent, this.#settings.maxMessageBytes);
    let error: WatershardError | undefined;
    let broken = false;
    const underWay = new Set<Promise<void>>();
    const begin = (): void => {
      while (!broken && underWay.size < this.#settings.concurrency) {
        const next = plan.next();
        if (next.length === 0) return;
        const request = this.#request(messages, next, verdicts).then((result) => {
          underWay.delete(request);
          error ??= result.error;
          broken ||= result.broken;
          for (const index of next) plan.done(index, verdicts[index] !== 'again');
        });
        underWay.add(request);
      }
    };
    for (begin(); underWay.size > 0; begin()) await Promise.race(underWay);
    const all = verdicts.map((verdict): Verdict => verdict ?? 'again');
    return error === undefined ? { verdicts: all } : { verdicts: all, error };
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#target.close();
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    return this.#target.status();
  }

  /** Writes a verdict for each of them. */
  async #request(
    messages: readonly AwsMessage[],
    indices: readonly number[],
    verdicts: (Verdict | undefined)[],
  ): Promise<Outcome> {
    const entries = indices.map((index) => messages[index] as AwsMessage);
    try {
      const doing = `sending to ${this.#target.name}`;
      const answer = await this.#attempt(doing, (signal) => this.#target.send(entries, signal));
      return { error: this.#read(answer, indices, verdicts), broken: false };
    } catch (e) {
      if (!(e instanceof ContentFault)) {
        for (const index of indices) verdicts[index] = 'again';
        return { error: e as WatershardError, broken: true };
      }
      const [first = 0] = indices;
      if (indices.length === 1) verdicts[first] = contentFault(e.cause);
      return indices.length === 1 ? NOTHING : await this.#halves(messages, indices, verdicts);
    }
  }

  /** One of them is the reason that all were refused. They are of different objects, so their order is free. */
  async #halves(
    messages: readonly AwsMessage[],
    indices: readonly number[],
    verdicts: (Verdict | undefined)[],
  ): Promise<Outcome> {
    const half = indices.length >> 1;
    let outcome = NOTHING;
    for (const part of [indices.slice(0, half), indices.slice(half)]) {
      if (outcome.broken) for (const index of part) verdicts[index] = 'again';
      else {
        const { error, broken } = await this.#request(messages, part, verdicts);
        outcome = { error: outcome.error ?? error, broken };
      }
    }
    return outcome;
  }

  #read(
    { Successful = [], Failed = [] }: BatchAnswer,
    indices: readonly number[],
    verdicts: (Verdict | undefined)[],
  ): WatershardError | undefined {
    let error: WatershardError | undefined;
    const note = (id: string | undefined, verdict: Verdict): void => {
      const index = indices[Number(id)];
      if (index !== undefined) verdicts[index] = verdict;
    };
    for (const { Id } of Successful) note(Id, 'stored');
    for (const { Id, ...fault } of Failed) {
      const said = entryFault(fault);
      note(Id, said.type === 'refused' ? { code: said.code, reason: said.reason } : 'again');
      if (said.type === 'again')
        error ??= new WatershardError(said.code, `sending to ${this.#target.name}: ${said.reason}`);
    }
    for (const index of indices) {
      if (verdicts[index] !== undefined) continue;
      verdicts[index] = 'again';
      error ??= new WatershardError(
        'EXPORTER_UNREACHABLE',
        `sending to ${this.#target.name}: the answer leaves messages out`,
      );
    }
    return error;
  }

  #tooLarge({ bytes }: AwsMessage): Verdict | undefined {
    const most = this.#maxMessage;
    if (bytes <= most) return undefined;
    return {
      code: 'RECORD_TOO_LARGE',
      reason: `${bytes} bytes with its attributes are more than the ${most} of a message`,
    };
  }

  /** @throws WatershardError, or ContentFault */
  async #attempt<T>(doing: string, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { requestTimeout } = this.#settings;
    const timeout = AbortSignal.timeout(requestTimeout);
    try {
      return await action(AbortSignal.any([this.#ending.signal, timeout]));
    } catch (e) {
      if (isContentFault(e)) throw new ContentFault(e);
      if (timeout.aborted)
        throw new WatershardError('EXPORTER_UNREACHABLE', `${doing}: no answer within ${requestTimeout / 1000} s`);
      const error = awsFault(doing, e);
      if (error.code !== 'EXPORTER_TARGET_MISSING') throw error;
      throw new WatershardError(error.code, `${error.message}; run: ${this.#target.create}`, { cause: error.cause });
    }
  }
}

/** One of the messages of a request is the reason that it was not taken. */
class ContentFault extends Error {
  override readonly cause: unknown;

  constructor(cause: unknown) {
    super('refused for what is in it');
    this.cause = cause;
  }
}
