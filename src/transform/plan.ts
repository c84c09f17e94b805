import type { Encoding } from '../model/encoding.ts';
import type { FieldType } from '../model/field-type.ts';
import type { NatsFramePlan } from '../model/nats-frame.ts';
import type { Stream } from '../model/resource.ts';
import type { WatchProxyForm } from '../model/watch-proxy.ts';

export { FIELD_TYPES, type FieldType } from '../model/field-type.ts';

export interface FieldPlan {
  readonly name: string;
  /** CEL over the variable `object`. */
  readonly expression: string;
  readonly type?: FieldType;
}

/** One exporter's share of the output. */
export interface LanePlan {
  readonly exporter: string;
  readonly encoding: Encoding;
  /** Template of the routing key: literals and {cluster} {group} {resource} {namespace} {name} {kind} {operation}. */
  readonly subject?: string;
  /** CloudEvents in one JSON document, or only the data with the attributes left to the transport's headers. */
  readonly cloudEvents?: 'structured' | 'binary';
  /** Write each record as a message of the NATS protocol. */
  readonly frame?: NatsFramePlan;
  /** With the encoding `watch-proxy`. */
  readonly watchProxy?: WatchProxyForm;
  /** With encoding kollect: the cluster as its events name it, if not by its name; may be empty. */
  readonly clusterId?: string;
  /** False where its records may do without the object; only of the encoding `rows`. */
  readonly object?: boolean;
}

/** All that a worker needs to know of a stream: the rules that match it, merged. Plain data, structured-cloneable. */
export interface StreamPlan {
  readonly stream: Stream;
  readonly cluster: string;
  readonly clusterUid: string;
  /** Paths whose values are replaced by a placeholder, also inside last-applied-configuration. */
  readonly redact: readonly string[];
  /** Paths that are cut out. */
  readonly prune: readonly string[];
  /** Paths in which a difference is no change. metadata.resourceVersion and metadata.managedFields always are. */
  readonly ignore: readonly string[];
  readonly extract: readonly FieldPlan[];
  readonly diff: 'none' | 'merge-patch' | 'json-patch';
  readonly lanes: readonly LanePlan[];
  /** How often the API server has gone back in time (model/position.ts); absent for never. */
  readonly generation?: number;
  /** Set where the stream is split by object identity: this shard takes objects with hash(key) % of === index. */
  readonly split?: { readonly index: number; readonly of: number };
}
