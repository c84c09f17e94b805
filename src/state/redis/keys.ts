/** The keys of one cluster's state. The braces put them all into one hash slot, as scripts need. */
export interface StateKeys {
  readonly meta: string;
  readonly lease: string;
}

/**
 * Data is kept under its epoch: what survives of a state whose epoch was lost is not seen by the next one.
 */
export interface EpochKeys extends StateKeys {
  readonly positions: string;
  known(stream: string): string;
  /** Deltas of a large commit. `mark` is different for each attempt. */
  stage(stream: string, mark: string): string;
}

export function stateKeys(cluster: string): StateKeys {
  // A brace in the name would end the slot's name early.
  const prefix = `watershard:{${encodeURIComponent(cluster)}}`;
  return { meta: `${prefix}:meta`, lease: `${prefix}:lease` };
}

export function epochKeys(cluster: string, epoch: string): EpochKeys {
  const prefix = `watershard:{${encodeURIComponent(cluster)}}:${epoch}`;
  return {
    ...stateKeys(cluster),
    positions: `${prefix}:positions`,
    known: (stream) => `${prefix}:known:${stream}`,
    stage: (stream, mark) => `${prefix}:stage:${stream}:${mark}`,
  };
}
