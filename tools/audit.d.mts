/** Types of audit.mjs, for its tests. */
import type { Advisory } from './advisories.mjs';

export function registryAdvisories(answer: string): Advisory[] | undefined;
export function auditFaults(
  advisories: readonly Advisory[],
  explained?: Readonly<Record<string, { readonly reason: string; readonly until: string }>>,
  today?: string,
): string[];
export const EXPLAINED: Readonly<Record<string, { readonly reason: string; readonly until: string }>>;
