export interface SimulatorOptions {
  /** 0 takes a free one. On 127.0.0.1. */
  readonly port: number;
  /** Living objects over all resources, namespaces not counted. */
  readonly objects: number;
  /** Changes a second over all resources; `max` makes them as fast as the slowest watch reads. */
  readonly rate: number | 'max';
  readonly seed: number;
  /** Namespaces besides default, kube-system and kube-public. */
  readonly namespaces: number;
  /** Resource name (`widgets.example.com`) to its share; a resource that is not named is not served. Empty: all. */
  readonly resources: Readonly<Record<string, number>>;
  /** Further custom resources: `gadgets001.gadgets.example.com` and so on. */
  readonly gadgets: number;
  /** Share of creates and of deletes each among the changes. */
  readonly turnover: number;
  /** Share of changes of the annotation example.com/heartbeat alone. */
  readonly heartbeats: number;
  /** Share of changes of resourceVersion and managedFields alone. */
  readonly touches: number;
  /** Seconds between the bookmarks of a watch. */
  readonly bookmarkSeconds: number;
  /** Events of each resource that a watch can still start behind; rounded up to a power of two. */
  readonly window: number;
  /** Answer sendInitialEvents; false behaves like a server without streaming lists. */
  readonly streamingLists: boolean;
  /** Honour shardSelector; false ignores it, as servers without the feature do. */
  readonly shardSelector: boolean;
  /** Answer aggregated discovery. */
  readonly aggregatedDiscovery: boolean;
  /** Start without changes until /__simulator/start-churn. */
  readonly paused: boolean;
  /** Let lists and watches wait until /__simulator/release. */
  readonly held: boolean;
  /** Of what is rendered before it is sent, for all responses: the rest is rendered as it is read. */
  readonly heldBytes: number;
  /** Serve HTTPS: PEM texts; the certificate stands in the kubeconfig as its own authority. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export const DEFAULTS: SimulatorOptions = {
  port: 0,
  objects: 1000,
  rate: 10,
  seed: 1,
  namespaces: 20,
  resources: {},
  gadgets: 0,
  turnover: 0.05,
  heartbeats: 0,
  touches: 0,
  bookmarkSeconds: 60,
  window: 65_536,
  streamingLists: true,
  shardSelector: true,
  aggregatedDiscovery: true,
  paused: false,
  held: false,
  // 300,000 objects of 5 KB
  heldBytes: 1536 * 1024 * 1024,
};
