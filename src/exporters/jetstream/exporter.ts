import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage, type WatershardError } from '../../model/errors.ts';
import type { Stream } from '../../model/resource.ts';
import { backoffDelay } from '../backoff.ts';
import { DrainWaiters } from '../drain-waiters.ts';
import type { Batch, Capabilities, Exporter, ExporterContext, Health } from '../exporter.ts';
import { rejectRecord } from '../rejection.ts';
import { shownSubject } from '../shown-subject.ts';
import { sinkError, Trouble } from '../trouble.ts';
import { ClaimStore } from './claims.ts';
import { NatsClient } from './client.ts';
import type { JetStreamConfig } from './config.ts';
import type { Message, OpenBatch } from './message.ts';
import { messageFault, messageHeaders } from './message-headers.ts';
import { onceATurn } from './once-a-turn.ts';
import { Recovery } from './recovery.ts';
import { type Answer, type Claim, claimReference } from './request.ts';
import { verdictOn } from './server-errors.ts';
import { TargetCheck } from './target.ts';
import { KeyedWindow } from './window.ts';

/**
 * `down`: not connected, or the stream was not checked since. `holding`: connected, but a message was refused for a reason
 * that passes; nothing is sent until that one, tried again with a growing delay, is stored. `ready`: sending.
 */
type Phase = 'down' | 'holding' | 'ready' | 'closed';

/** Publishes to a JetStream stream. What is not acknowledged stays in memory and is sent again with the same id. */
export class JetStreamExporter implements Exporter {
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #config: JetStreamConfig;
  readonly #context: ExporterContext;
  readonly #trouble: Trouble;
  readonly #client: NatsClient;
  readonly #window: KeyedWindow;
  readonly #target: TargetCheck;
  readonly #recovery: Recovery;
  /** Where records go that are too large; undefined where they are rejected. */
  readonly #claims: ClaimStore | undefined;
  readonly #headers: ReturnType<typeof messageHeaders>;
  readonly #ending = new AbortController();
  readonly #drained = new DrainWaiters();
  #phase: Phase = 'down';
  #failures = 0;
  #probe: Message | undefined;
  #holdTimer: NodeJS.Timeout | undefined;
  #ackTimer: NodeJS.Timeout | undefined;
  #started = false;
  /** Connections lost: tells whether one was lost during a check. */
  #breaks = 0;
  #looking = false;
  #maxMessage: number | undefined;
  /** Something was stored since the last look at what is late. */
  #heard = false;
  #acked = 0;
  /** What all the answers of one turn of the event loop make room for is written at once. */
  readonly #pumpSoon = onceATurn(() => this.#pump());

  constructor(config: JetStreamConfig, context: ExporterContext, capabilities: Capabilities) {
    this.name = context.name;
    this.capabilities = capabilities;
    this.#config = config;
    this.#context = context;
    this.#trouble = new Trouble(context);
    this.#target = new TargetCheck(config, context);
    this.#headers = messageHeaders(config, context.cluster);
    this.#window = new KeyedWindow({ messages: config.maxInFlight, bytes: config.maxInFlightBytes }, (batch) =>
      this.#settled(batch),
    );
    this.#client = new NatsClient(config, context.cluster, {
      answered: (token, answer) => this.#answered(token, answer),
      disconnected: () => this.#down(sinkError(this.name, 'the connection to NATS broke')),
      reconnected: () => {
        if (this.#started) this.#recovery.begin();
      },
      closed: (error) => {
        this.#down(error);
        if (this.#started) this.#recovery.begin();
      },
      forbidden: (error, subject) => this.#forbidden(error, subject),
    });
    this.#recovery = new Recovery({
      isDown: () => this.#phase === 'down',
      establish: () => this.#establish(),
      resume: () => this.#resume(),
      failed: (e) => {
        this.#trouble.report(sinkError(this.name, e));
        return backoffDelay(++this.#failures);
      },
    });
    if (config.oversize === 'claim-check')
      this.#claims = new ClaimStore(
        config,
        context,
        () => this.#client.connection,
        (message, claim) => this.#claimed(message, claim),
      );
  }

  async start(signal: AbortSignal): Promise<void> {
    const beat = Math.min(1000, this.#config.ackTimeout / 2);
    this.#ackTimer = setInterval(() => this.#resendUnanswered(), beat).unref();
    for (let breaks = -1; breaks !== this.#breaks; ) {
      await this.#begin(signal);
      breaks = this.#breaks;
      await this.#claims?.begin();
    }
    this.#started = true;
    this.#resume();
  }

  open(stream: Stream, incarnation: number): void {
    this.#window.open(stream.id, incarnation);
    this.#pump();
  }

  write(batch: Batch): void {
    this.#window.add(batch);
    this.#pump();
  }

  cut(): void {
    // Every batch is acknowledged by itself: a cut has no meaning here.
  }

  committed(): void {
    // The server knows the records by their ids: what was committed has no meaning here.
  }

  async drain(signal: AbortSignal): Promise<void> {
    if (this.#window.idle || signal.aborted) return;
    await this.#drained.wait(signal);
  }

  async close(): Promise<void> {
    this.#phase = 'closed';
    this.#ending.abort();
    clearTimeout(this.#holdTimer);
    clearInterval(this.#ackTimer);
    this.#claims?.close();
    this.#drained.wake();
    await this.#client.close();
    this.#context.metrics.connected.set({ exporter: this.name }, 0);
  }

  health(): Health {
    if (this.#phase === 'closed') return { ok: false, detail: 'closed' };
    const { health } = this.#trouble;
    if (health !== undefined) return health;
    const detail = this.#claims?.trouble;
    if (detail !== undefined) return { ok: false, detail };
    return this.#phase === 'down' ? { ok: false, detail: 'connecting' } : { ok: true };
  }

  status(): Readonly<Record<string, number | string | boolean>> {
    return {
      phase: this.#phase,
      stream: this.#config.stream,
      server: this.#client.connection?.getServer() ?? '',
      queued: this.#window.queued,
      inFlight: this.#window.inFlight.size,
      inFlightBytes: this.#window.bytesInFlight,
      ...(this.#claims === undefined ? {} : { intoObjectStore: this.#window.parked }),
      acked: this.#acked,
    };
  }

  async #begin(signal: AbortSignal): Promise<void> {
    for (this.#failures = 0; ; ) {
      signal.throwIfAborted();
      try {
        if (await this.#establish()) return;
      } catch (e) {
        const error = sinkError(this.name, e);
        if (error.class === 'configuration' || this.#phase === 'closed') throw error;
        this.#trouble.report(error);
        const end = AbortSignal.any([signal, this.#ending.signal]);
        await sleep(backoffDelay(++this.#failures), undefined, { signal: end });
      }
    }
  }

  /** Connects unless the library is doing that, and checks the stream. @returns whether the connection held meanwhile */
  async #establish(): Promise<boolean> {
    const breaks = this.#breaks;
    if (this.#client.connection === undefined) await this.#client.connect();
    else await this.#client.subscribe();
    const { connection } = this.#client;
    if (connection === undefined) throw sinkError(this.name, 'it was closed');
    this.#context.metrics.connected.set({ exporter: this.name }, 1);
    this.#maxMessage = await this.#target.run(connection);
    return breaks === this.#breaks;
  }

  #down(error: WatershardError): void {
    if (this.#phase === 'closed') return;
    clearTimeout(this.#holdTimer);
    this.#breaks++;
    this.#probe = undefined;
    this.#phase = 'down';
    this.#context.metrics.connected.set({ exporter: this.name }, 0);
    this.#trouble.report(error);
  }

  /** Sends the whole window again, in its order: nothing tells what of it got through. The server suppresses what did by its id. */
  #resume(): void {
    if (this.#phase === 'closed') return;
    this.#failures = 0;
    this.#phase = 'ready';
    this.#recovered();
    for (const message of this.#window.inFlight.values()) {
      message.unansweredAttempts = 0;
      this.#send(message, 'reconnect');
    }
    this.#pump();
  }

  #pump(): void {
    const now = Date.now();
    while (this.#phase === 'ready') {
      const message = this.#window.next();
      if (message === undefined) break;
      const limit = Math.min(this.#client.maxPayload ?? Infinity, this.#maxMessage ?? Infinity);
      const fault = messageFault(message, limit, this.#headers);
      if (fault === undefined) this.#send(message, undefined, now);
      else if (fault.code === 'RECORD_REJECTED') this.#reject(message, fault.code, fault.reason);
      else this.#tooLarge(message, fault.reason);
    }
    this.#client.flush();
    if (this.#window.idle) this.#drained.wake();
  }

  #send(message: Message, retryReason?: string, now = Date.now()): void {
    if (retryReason !== undefined) this.#context.metrics.retries.inc({ exporter: this.name, reason: retryReason });
    this.#window.sent(message, now);
    try {
      if (message.reference === undefined && message.framed && this.#client.publishFrame(message)) return;
      const { token, subject, reference = message.payload } = message;
      this.#client.publish(token, subject, this.#headers(message), reference);
    } catch (e) {
      // The library refuses an argument (a restarted server may take less), or the connection was closed: that is told by itself.
      if (e instanceof Error && e.name === 'InvalidArgumentError') this.#tooLarge(message, errorMessage(e));
      else if (e instanceof Error && e.name === 'InvalidSubjectError')
        this.#reject(message, 'RECORD_REJECTED', errorMessage(e));
      else message.failed = true;
    }
  }

  #answered(token: number, answer: Answer): void {
    const message = this.#window.inFlight.get(token);
    if (message === undefined || this.#phase === 'closed') return; // answered before, by an earlier attempt
    if (answer.type === 'stored') {
      if (answer.duplicate) this.#context.metrics.duplicates.inc({ exporter: this.name });
      this.#acked++;
      this.#window.settle(message, true);
      if (message === this.#probe) this.#release();
      else this.#heard = true;
      this.#pumpSoon();
      return;
    }
    this.#refused(message, answer);
    this.#pump();
  }

  #refused(message: Message, answer: Exclude<Answer, { type: 'stored' }>): void {
    const doing = `exporter ${this.name}, storing on ${shownSubject(message.subject, this.#config.subject)}`;
    const verdict = verdictOn(answer, message.attempts, doing);
    if (verdict.type === 'hold') this.#hold(message, verdict.reason, verdict.error);
    else if (verdict.type === 'too-large') this.#tooLarge(message, verdict.reason);
    else this.#reject(message, 'RECORD_REJECTED', verdict.reason);
  }

  #forbidden(error: WatershardError, subject: string): void {
    const message = this.#window.sentTo(subject);
    if (message !== undefined) this.#hold(message, 'forbidden', error);
    else this.#trouble.report(error);
  }

  /** Stops sending until this message is stored. */
  #hold(message: Message, reason: string, error: WatershardError): void {
    message.failed = true;
    message.unansweredAttempts = 0;
    if (this.#phase === 'closed' || this.#phase === 'down') return;
    this.#trouble.report(error);
    if (this.#phase === 'holding' && message !== this.#probe) return; // its turn comes when the probe is stored
    this.#phase = 'holding';
    this.#probe = message;
    clearTimeout(this.#holdTimer);
    this.#holdTimer = setTimeout(() => void this.#tryProbe(message, reason), backoffDelay(++this.#failures)).unref();
  }

  async #tryProbe(message: Message, reason: string): Promise<void> {
    if (reason === 'no-responders' || reason === 'forbidden') {
      try {
        await this.#establish(); // tells what is wrong, and creates the stream where that is configured
      } catch (e) {
        if (this.#phase === 'holding' && message === this.#probe) this.#hold(message, reason, sinkError(this.name, e));
        return;
      }
    }
    if (this.#phase !== 'holding' || message !== this.#probe) return;
    this.#send(message, reason);
    this.#pump();
  }

  /** The probe is settled: what was refused beside it goes again. */
  #release(): void {
    this.#probe = undefined;
    this.#phase = 'ready';
    this.#recovered();
    for (const message of this.#window.inFlight.values()) {
      if (message.failed && this.#phase === 'ready') this.#send(message, 'held');
    }
  }

  #resendUnanswered(): void {
    if (this.#phase !== 'ready' && this.#phase !== 'holding') return;
    const { ackTimeout } = this.#config;
    const late = this.#window.unanswered(ackTimeout).filter((m) => !m.failed || this.#phase === 'ready');
    if (late.length === 0) {
      // Answers that keep coming late are one trouble, not many.
      if (this.#phase === 'ready' && this.#heard && !this.#window.repeating) this.#recovered();
      return;
    }
    const error = sinkError(this.name, `${late.length} messages were not answered within ${ackTimeout / 1000} s`);
    if (!this.#looking) this.#trouble.report(error);
    if (!this.#heard && !this.#looking) void this.#lookAgain(late[0] as Message);
    this.#heard = false;
    for (const message of late) {
      if (message === this.#probe) this.#hold(message, 'timeout', error);
      else if (this.#phase === 'ready') this.#send(message, 'timeout');
    }
    this.#pump();
  }

  /** Nothing is answered. Perhaps the stream has gone, and another subscriber takes the messages without a word. */
  async #lookAgain(message: Message, { token } = message): Promise<void> {
    this.#looking = true;
    await this.#establish().catch((e: unknown) => {
      const error = sinkError(this.name, e);
      if (error.code === 'EXPORTER_UNREACHABLE') this.#trouble.report(error);
      else if (this.#window.inFlight.get(token) === message) this.#hold(message, 'no-responders', error);
    });
    this.#looking = false;
  }

  #tooLarge(message: Message, reason: string): void {
    if (this.#claims === undefined || message.reference !== undefined) {
      this.#reject(message, 'RECORD_TOO_LARGE', reason);
      return;
    }
    this.#window.park(message);
    this.#claims.put(message);
    if (message === this.#probe) this.#release();
  }

  /** The record is in the object store, and its reference may go; without a claim it is void. */
  #claimed(message: Message, claim: Claim | undefined): void {
    if (claim === undefined || message.batch.void) this.#window.settle(message, false);
    else {
      this.#headers(message, claim);
      message.reference = claimReference(message.id, message.operation, this.#context.cluster, claim);
      this.#window.unpark(message);
      if (this.#phase === 'ready') this.#send(message);
      else message.failed = true; // sent when the connection is back, or what was refused is stored
    }
    this.#pump();
  }

  #reject(message: Message, code: 'RECORD_TOO_LARGE' | 'RECORD_REJECTED', reason: string): void {
    const letter = rejectRecord(this.#context, message, code, reason);
    if (letter === undefined) this.#window.settle(message, false);
    else void this.#window.setAside(message, letter).then(() => this.#pump());
    if (message === this.#probe) this.#release();
  }

  #settled(batch: OpenBatch): void {
    const { metrics, events } = this.#context;
    metrics.records.inc({ exporter: this.name }, batch.stored);
    metrics.bytes.inc({ exporter: this.name }, batch.storedBytes);
    if (!batch.void) events.acked(batch.stream, batch.incarnation, batch.sequence);
  }

  #recovered(): void {
    this.#failures = 0;
    this.#heard = false;
    this.#trouble.end();
  }
}
