import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema.ts';
import { WatershardError } from '../model/errors.ts';

/** They hold for the life of the process: what is at stake is the address that probes ask, and what the state belongs to. */
const FIXED = ['cluster', 'dataDir', 'state', 'ops'] as const satisfies readonly (keyof Config)[];
/** They are applied while everything runs. */
const LIVE = ['log', 'telemetry', 'reload'] as const satisfies readonly (keyof Config)[];

export type Change = 'none' | 'live' | 'restart';

/**
 * What it takes to go from one configuration to another.
 * @throws WatershardError CONFIG_NEEDS_RESTART, with the settings
 */
export function changeBetween(from: Config, to: Config): Change {
  const fixed = FIXED.flatMap((section) => changedKeys(section, from[section], to[section]));
  if (fixed.length > 0) {
    const which = fixed.length === 1 ? `${fixed[0]} is` : `${fixed.join(', ')} are`;
    throw new WatershardError('CONFIG_NEEDS_RESTART', `${which} changed, which takes a restart; nothing was applied`);
  }
  const live = new Set<string>(LIVE);
  const changed = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter(
    (key) => !isDeepStrictEqual(from[key as keyof Config], to[key as keyof Config]),
  );
  if (changed.length === 0) return 'none';
  return changed.every((key) => live.has(key)) ? 'live' : 'restart';
}

/** Paths of what differs, as deep as both sides are mappings. */
function changedKeys(path: string, from: unknown, to: unknown): string[] {
  if (isDeepStrictEqual(from, to)) return [];
  if (!isMapping(from) || !isMapping(to)) return [path];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])].flatMap((key) =>
    changedKeys(`${path}.${key}`, from[key], to[key]),
  );
}

/** What holds up the start of a configuration: a required exporter, or without a name the API server. */
export interface HoldUp {
  readonly exporter?: string;
  readonly detail: string;
}

/** Those that stem from the change. What was the same before is away for another reason, and would be for the former too. */
export function heldUpByChange(from: Config, to: Config, holdUps: readonly HoldUp[]): HoldUp[] {
  const settings = (config: Config, name: string) => config.exporters.find((e) => e.name === name);
  return holdUps.filter(({ exporter }) =>
    exporter === undefined
      ? from.kubeconfig !== to.kubeconfig
      : !isDeepStrictEqual(settings(from, exporter), settings(to, exporter)),
  );
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
