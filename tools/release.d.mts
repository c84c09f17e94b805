/** Types of release.mjs, for its tests. */
export function versionFaults(state: {
  readonly manifest: { readonly version: string };
  readonly lock: {
    readonly version: string;
    readonly packages: Readonly<
      Record<string, { readonly version?: string; readonly resolved?: string; readonly link?: boolean }>
    >;
  };
  readonly changelog: string;
  readonly tags: readonly string[];
  readonly status: string;
  readonly engine?: string;
  /** Versions that other files name, by where. */
  readonly named?: Readonly<Record<string, string | undefined>>;
}): string[];
export function pack(folder: string): {
  readonly tarball: string;
  readonly sbom: string;
  readonly chart: string;
  readonly sums: string;
};
export function publishing(release: {
  readonly version: string;
  readonly folder: string;
  readonly tarball: string;
  readonly sbom: string;
  readonly chart: string;
  readonly image?: string | undefined;
  readonly commit: { readonly id: string; readonly date: string };
  readonly repository?: string | undefined;
}): string[][];
export function publishFaults(attempt: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly skipped: boolean;
  readonly repository?: string | undefined;
}): string[];
