/** Types of advisories.mjs, for its tests. */
export interface Advisory {
  readonly id: string;
  /** The package, with its version where that is known. */
  readonly name: string;
  readonly severity: string;
  readonly title: string;
}
export interface Affected {
  readonly versions?: readonly string[];
  readonly ranges?: readonly { readonly type: string; readonly events: readonly Readonly<Record<string, string>>[] }[];
}
export function compareVersions(a: string, b: string): number;
export function affects(entry: Affected, version: string): boolean;
export function advisoriesIn(
  folder: string,
  lock: { readonly packages: Readonly<Record<string, object>> },
): { readonly read: number; readonly found: Advisory[] };
