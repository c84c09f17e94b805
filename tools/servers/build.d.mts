export const VERSIONS: Readonly<
  Record<'kubernetes' | 'etcd' | 'nats' | 'versitygw' | 'duckdb' | 'kafka' | 'helm' | 'promtool' | 'hadolint', string>
>;
export const CACHE: string;
/** An archive of a minimal Debian. */
export const ROOTFS: string;
export function getServers(): Promise<void>;
