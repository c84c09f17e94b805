import type { z } from 'zod';
import type { Encoding } from '../model/encoding.ts';
import type { Capabilities, Exporter, ExporterContext } from './exporter.ts';

/** What the transform must produce for an exporter. */
export interface LaneWish {
  readonly encoding: Encoding;
  /** Template of the routing key (see LanePlan). */
  readonly subject?: string;
  readonly cloudEvents?: 'structured' | 'binary';
  /** With encoding kollect: the cluster as its events name it, if not by its name. */
  readonly clusterId?: string;
}

/** A kind of sink. This description is light: drivers are loaded by `create`, when a sink of the kind is in use. */
export interface ExporterType<Schema extends z.ZodType = z.ZodType> {
  readonly config: Schema;
  /** Of the kind; an exporter of certain settings may be able to do less, and says so itself. */
  readonly capabilities: Capabilities;
  lane(config: z.output<Schema>): LaneWish;
  create(config: z.output<Schema>, context: ExporterContext): Promise<Exporter>;
}
