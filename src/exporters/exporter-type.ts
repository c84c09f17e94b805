import type { z } from 'zod';
import type { Encoding } from '../model/encoding.ts';
import type { Finding } from '../model/finding.ts';
import type { NatsFramePlan } from '../model/nats-frame.ts';
import type { WatchProxyForm } from '../model/watch-proxy.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Batch, Capabilities, Exporter, ExporterContext } from './exporter.ts';

/** What the transform must produce for an exporter. */
export interface LaneWish {
  readonly encoding: Encoding;
  /** Template of the routing key (see LanePlan). */
  readonly subject?: string;
  readonly cloudEvents?: 'structured' | 'binary';
  /** Write each record as a message of the NATS protocol. */
  readonly frame?: NatsFramePlan;
  readonly watchProxy?: WatchProxyForm;
  /** With encoding kollect: the cluster as its events name it, if not by its name. */
  readonly clusterId?: string;
  /** False where a row needs no object (see LanePlan). */
  readonly object?: boolean;
}

export interface CheckContext {
  /** The name from the configuration. */
  readonly name: string;
  readonly cluster: string;
  /** Aborted when the check has taken too long: let go of everything then. */
  readonly signal: AbortSignal;
  /** Whoever asks wants to know more than a connection tells, and takes what a request costs the receiver. */
  readonly send: boolean;
  /** Whoever asks wants a message written, and takes that consumers get it. */
  readonly write: boolean;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A kind of sink. This description is light: drivers are loaded by `create`, when a sink of the kind is in use. */
export interface ExporterType<Schema extends z.ZodType = z.ZodType> {
  readonly config: Schema;
  /** Of the kind; an exporter of certain settings may be able to do less, and says so itself. */
  readonly capabilities: Capabilities;
  /** @param table that the records are for; `changes` where it is not given */
  lane(config: z.output<Schema>, table?: Batch['table']): LaneWish;
  create(config: z.output<Schema>, context: ExporterContext): Promise<Exporter>;
  /**
   * Tries the sink for `watershard doctor`, and leaves nothing behind: a write that is taken back or refused on purpose, where
   * there is one. What can only be learnt by a message that consumers get is tried with `write` alone, and the finding says so.
   * What is thrown is a finding too.
   */
  check(config: z.output<Schema>, context: CheckContext): Promise<readonly Finding[]>;
}
