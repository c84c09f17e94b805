import type { Finding } from '../../model/finding.ts';

/** The checks, in the order in which they are made. */
export const CHECKS = ['configuration', 'server', 'credentials', 'rbac', 'features', 'clock', 'sink', 'state'] as const;
export type CheckName = (typeof CHECKS)[number];

export interface CheckResult extends Finding {
  readonly check: CheckName;
  /** What of the kind: a stream, an exporter; '' where there is one only. */
  readonly subject: string;
}

export type Report = (result: CheckResult) => void;
